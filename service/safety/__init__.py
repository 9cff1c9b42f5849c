"""Who may ask, for what, and of whom."""
