"""What the states of the state machine do, one module a state. Handlers call them; docs/commit-protocol.md gives their rules."""
