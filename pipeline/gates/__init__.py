"""What is checked before anything is deployed (D8); cdk-nag is the third gate, and runs inside the synth."""
