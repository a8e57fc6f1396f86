"""The work of the state machine's states, one module for each. Handlers call them; docs/commit-protocol.md gives their rules."""
