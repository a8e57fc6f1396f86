"""Errors, keys, messages, settings, limits and codes, which every other package may import. Imports the standard library only."""
