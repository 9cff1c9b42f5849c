"""A report in every form: each renderer takes the same report and knows nothing of files."""
