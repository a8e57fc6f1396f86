"""What a person reads before approving a delivery (D5): two templates of one stack compared, without AWS and without CDK."""
