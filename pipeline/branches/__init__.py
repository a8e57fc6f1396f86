"""Stages of branches: their target, their bootstrap, and the builds that deploy and destroy them (D6)."""
