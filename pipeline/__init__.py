"""The delivery: settings, the pipeline's stacks and the gates that guard them."""

import os

# Node 20 works; what the CDK is made with says in eleven lines, each time it starts, that its time is over (README.md).
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
