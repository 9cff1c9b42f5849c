"""Plain Locust, as one would write it: HttpUser, requests, sseclient-py, a stamp after each event has been parsed.

    ACCURACY_ORDERS='{...}' locust -f tests/bench/plain_locust.py --headless ...

tests/bench/accuracy.py runs it. Connections are kept alive: each answer is read to its end.
"""

import itertools
import sys
import time
from pathlib import Path

import gevent
from locust import HttpUser, events, task
from sseclient import SSEClient

sys.path.insert(0, str(Path(__file__).parent))

from rows import HEADERS, Row, body, has_content, orders, write

ORDERS = orders()
BODY = body(ORDERS.tokens)
NUMBERS = itertools.count()
USERS = itertools.count()
ROWS: list[Row] = []
BEGUN_NS: list[int] = []


@events.test_start.add_listener
def begin(**_: object) -> None:
    # Locust makes its users in batches, one a second; a second's grace lets even the first keep to its own moment.
    BEGUN_NS.append(time.monotonic_ns() + 1_000_000_000)


@events.quitting.add_listener
def write_rows(**_: object) -> None:
    write(ORDERS.output, ROWS, BEGUN_NS[0])


class Plain(HttpUser):
    host = ORDERS.url

    def on_start(self) -> None:
        if ORDERS.ca_file is not None:
            self.client.verify = ORDERS.ca_file
        moment_ns = BEGUN_NS[0] + int(next(USERS) * ORDERS.spread_s / ORDERS.users * 1e9)
        gevent.sleep(max((moment_ns - time.monotonic_ns()) / 1e9, 0))

    @task
    def chat(self) -> None:
        row = Row(f"plain-{next(NUMBERS)}")
        ROWS.append(row)
        headers = HEADERS | {"X-Request-ID": row.id}
        with self.client.post(
            "/v1/chat/completions", data=BODY, headers=headers, stream=True, catch_response=True
        ) as response:
            for event in SSEClient(response.iter_content(None)).events():
                if event.data != "[DONE]" and has_content(event.data):
                    row.at_ns.append(time.monotonic_ns())
            row.ended_ns = time.monotonic_ns()
            response.success()
