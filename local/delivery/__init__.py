"""Executes a deployed pipeline's own definition on this machine, against the emulator."""
