"""Stages of branches: their target, their bootstrap, and the builds that deploy, destroy and reap them (D6)."""
