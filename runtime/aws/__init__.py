"""The only package that calls AWS. It translates AWS's error responses into this project's errors."""
