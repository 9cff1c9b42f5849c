"""Result rows from few words."""

from datetime import UTC, datetime, timedelta

from service.store.nouns import ResultRow

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def row(number: int = 0, at_s: float = 0.0, **fields) -> ResultRow:
    """A request sent `at_s` after noon that took 100 ms to its first token, 10 ms a token, and 200 ms in all."""
    defaults = {
        "request_id": f"r-{number}",
        "prompt_text": "Why is the sky blue?",
        "generated_text": "Because.",
        "token_count": 11,
        "time_to_first_token": 100.0,
        "time_per_output_token": 10.0,
        "total_generation_time": 200.0,
        "timestamp": NOON + timedelta(seconds=at_s),
        "model": "tiny",
        "outcome": "ok",
    }
    return ResultRow(**(defaults | fields))
