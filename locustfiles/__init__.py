"""User classes to run and to copy."""
