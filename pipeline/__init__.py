"""The delivery: settings, the pipeline's stacks and the gates that guard them."""
