"""Where runs and results are kept: tables, their migrations, and the only code that speaks SQL."""
