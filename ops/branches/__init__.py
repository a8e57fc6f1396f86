"""Stages of branches: deployed, found, taken down and verified to be gone (D6)."""
