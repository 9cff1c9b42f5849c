"""Locust must patch the standard library before anything imports requests."""

import locust  # noqa: F401
