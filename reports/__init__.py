"""The reading side: a run folder becomes frames, a report, and its renderings."""
