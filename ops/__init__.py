"""What a person, or the pipeline, does to a deployed stage: ``python -m ops --help``."""
