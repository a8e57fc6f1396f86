"""One module a command: read the options, call, show."""
