"""A bare aiohttp loop: one task for each stream, one session, json.loads, a stamp after each event has been parsed.

    ACCURACY_ORDERS='{...}' python tests/bench/bare_aiohttp.py

No load generator around it: nothing is counted, checked or kept but the stamps. tests/bench/accuracy.py runs it.
"""

import asyncio
import itertools
import ssl
import sys
import time
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).parent))

from rows import HEADERS, Orders, Row, body, has_content, orders, write

NUMBERS = itertools.count()


async def stream(session: aiohttp.ClientSession, url: str, data: bytes, rows: list[Row]) -> None:
    row = Row(f"bare-{next(NUMBERS)}")
    rows.append(row)
    async with session.post(url, data=data, headers=HEADERS | {"X-Request-ID": row.id}) as response:
        pending = b""
        async for chunk in response.content.iter_any():
            *whole, pending = (pending + chunk).split(b"\n\n")
            for event in whole:
                if not event.startswith(b"data: [DONE]") and has_content(event[6:]):
                    row.at_ns.append(time.monotonic_ns())
    row.ended_ns = time.monotonic_ns()


async def use(session: aiohttp.ClientSession, told: Orders, delay_s: float, rows: list[Row]) -> None:
    await asyncio.sleep(delay_s)
    url, data = f"{told.url}/v1/chat/completions", body(told.tokens)
    while True:
        await stream(session, url, data, rows)


async def run(told: Orders) -> None:
    rows: list[Row] = []
    context = ssl.create_default_context(cafile=told.ca_file) if told.ca_file else True
    connector = aiohttp.TCPConnector(limit=0, ssl=context)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:
        begun_ns = time.monotonic_ns()
        delays_s = (number * told.spread_s / told.users for number in range(told.users))
        tasks = [asyncio.create_task(use(session, told, delay_s, rows)) for delay_s in delays_s]
        done, _ = await asyncio.wait(tasks, timeout=told.warm_s + told.window_s + 3, return_when="FIRST_EXCEPTION")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
    write(told.output, rows, begun_ns)


if __name__ == "__main__":
    asyncio.run(run(orders()))
