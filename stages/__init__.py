"""The CDK stages: all stacks that are deployed together to one account and region."""
