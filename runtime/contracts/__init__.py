"""Data contracts: what a dataset's files must look like, and what each of their values means."""
