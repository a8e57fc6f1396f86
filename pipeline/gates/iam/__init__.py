"""IAM lint: what a policy says, held against what IAM knows of actions, resources and condition keys."""
