"""Runs as jobs: each a `llocust sweep` in a session of its own, which outlives the service."""
