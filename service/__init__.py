"""Benchmarks over HTTP, a store that keeps every result, and a dashboard: on top of the harness, which runs as a child."""
