"""IAM lint: the policies of a template, checked against AWS's own reference of actions, resources and condition keys."""
