"""Prompt sets that travel with the program; see README.md for origin, licence and digest."""
