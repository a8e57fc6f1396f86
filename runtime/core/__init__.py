"""What every other package may use: errors, keys, messages, settings, limits and codes. The standard library only."""
