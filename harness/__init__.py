"""The load side: prompts go out, records come back, and the run folder is what remains."""

__version__ = "0.1.0"
