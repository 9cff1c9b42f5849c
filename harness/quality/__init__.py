"""Scores of stored answers: what a run's answers are worth, found after the load and never during it.

The way: run folder → `stored` (answers with their prompts) → a scorer → `ledger` (quality.jsonl). A scorer that asks
somebody, a judge or a server, does so through `harness.dialects` and `harness.wire`; the others are pure.
"""
