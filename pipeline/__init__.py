"""The delivery: settings, the pipeline's stacks, the gates and the review."""

import os

# Without it jsii prints eleven lines about Node 20's end of life at each start; Node 20 works (README.md).
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
