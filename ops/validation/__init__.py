"""Is a stage that was just deployed good? Asked from outside of it (REQUIREMENTS D4)."""
