"""What is checked before anything is deployed (D8); cdk-nag is a gate as well, and runs inside the synth."""
