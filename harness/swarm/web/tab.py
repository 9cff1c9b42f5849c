"""The tab in Locust's own page. Its tabs can hold a table of plain values and no more, so that is what it gets; a small
script puts the page with the charts above the table, and where Locust's page should change, table and link remain.
"""

import json
from typing import Any

from flask import Response, request
from locust.web import WebUI

from harness.swarm.web.show import Show

KEY = "llm"
_COLUMNS = (("name", "Live, approximate (±1 %)"), ("window", "Current window"), ("total", "Whole run"))

_ROWS = (
    *((f"TTFT {q}, ms", f"ttft_s_{q}", 1000.0) for q in ("p50", "p95", "p99")),
    *((f"ITL {q}, ms", f"itl_s_{q}", 1000.0) for q in ("p50", "p95", "p99")),
    *((f"E2E latency {q}, s", f"e2e_s_{q}", 1.0) for q in ("p50", "p95", "p99")),
    *((f"Chars/s per stream {q}", f"stream_chars_per_s_{q}", 1.0) for q in ("p5", "p50", "p95")),
    ("Chars/s, all streams", "chars_per_s", 1.0),
    ("Tokens/s, all streams", "tokens_per_s", 1.0),
    ("Requests/s", "requests_per_s", 1.0),
    ("Streams in flight, mean", "in_flight", 1.0),
    ("Waiting for a first token, mean", "waiting", 1.0),
    ("Requests ok", "ok", 1.0),
    ("Requests failed", "failed", 1.0),
    ("Generator's loop lag p99, ms", "loop_lag_s_p99", 1000.0),
)


def add_tab(ui: WebUI, show: Show) -> None:
    """Join Locust's page: a tab, its table, and a link among the downloads."""
    structure = [{"key": key, "title": title} for key, title in _COLUMNS]
    ui.template_args |= {
        "extended_tabs": [{"title": "LLM", "key": KEY}],
        "extended_tables": [{"key": KEY, "structure": structure}],
        "extended_csv_files": [{"href": "./llm", "title": "LLM charts (live)"}],
    }
    assert ui.app is not None

    @ui.app.after_request
    def extend(response: Response) -> Response:
        if request.endpoint == "locust.request_stats" and response.is_json:
            shown = show.snapshot(_NO_ROWS, _NO_ROWS)
            # Locust keeps its answer for two seconds. With the state of before a start its page goes back to the form, and
            # asks no more while the run is on.
            told = response.get_json() | {
                "state": shown["state"],
                "extended_stats": [{"key": KEY, "data": table(shown)}],
            }
            response.set_data(json.dumps(told))
        elif request.endpoint == "locust.index" and response.status_code == 200:
            # The page is Locust's own, already rendered: nothing of a visitor's is in what is added.
            response.set_data(
                response.get_data().replace(b"</head>", b'<script src="./llm/tab.js" defer></script></head>', 1)
            )
        return response


_NO_ROWS = 1 << 62


def table(snapshot: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of Locust's table."""
    window, total = snapshot.get("window") or {}, snapshot.get("total") or {}
    return [
        {"name": name, "window": _cell(window.get(key), scale), "total": _cell(total.get(key), scale)}
        for name, key, scale in _ROWS
    ]


def _cell(value: float | None, scale: float) -> str:
    if value is None:
        return "–"
    scaled = value * scale
    return f"{scaled:,.0f}" if scaled >= 100 or scaled == int(scaled) else f"{scaled:.3g}"
