"""The checks before a deployment (D8); cdk-nag is one more, and runs inside the synthesis.

``python -m pipeline.gates`` runs all of them but ``python -m pipeline.gates.advisories``, which needs a network.
The other modules are parts of the first and no commands.
"""

#: The error of running a part as a command, which would otherwise print nothing, as if the gate had passed.
NO_COMMAND = "error: this is one part of the gates and no command; run them all: python -m pipeline.gates"
