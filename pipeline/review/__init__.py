"""The review that a person reads before approving a delivery (D5): two templates of one stack compared, without AWS or the CDK."""
