"""What runs in Lambda: thin handlers over a library that knows nothing of CDK."""
