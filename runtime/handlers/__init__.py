"""Entry points of the functions: parse the event, call the step, return the input of the next state."""
