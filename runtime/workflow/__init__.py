"""The steps of the workflow, one module a state; handlers call them, docs/commit-protocol.md rules them."""
