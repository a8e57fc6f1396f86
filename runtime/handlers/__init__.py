"""Entry points of the functions: parse the event, call the step, return what the next state needs."""
