"""What is deployed as one unit to one account and region."""
