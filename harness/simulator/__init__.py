"""An embedded LLM server that knows the truth: what it sent, and when, by its own clock."""
