"""What is checked before anything is deployed (D8); cdk-nag is a gate as well, and runs inside the synth.

``python -m pipeline.gates`` runs all of them, ``python -m pipeline.gates.advisories`` the one that needs a network.
The other modules are their parts and no commands.
"""

#: How a part ends that is run by mistake: in silence it would look like a gate that was passed.
NO_COMMAND = "error: this is one part of the gates and no command; run them all: python -m pipeline.gates"
