"""A way between two hosts that takes its time: every byte is held for so long, in either direction.

    python forwarder.py LISTEN_HOST:PORT TO_HOST:PORT HOLD_S

Nothing is held for less than HOLD_S; order and content stay, and so does the end of what either side sends. The kernel's own
way of delaying packets (netem) is not in every kernel, and this one needs no rights.
"""

import asyncio
import contextlib
import sys

READY = "forwarding"
_PIECE_BYTES = 1 << 16


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hold_s: float) -> None:
    """What one side says until its end, each piece after its time."""
    held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    speaking = asyncio.create_task(_speak(held, writer))
    clock = asyncio.get_running_loop().time
    data = b"-"
    while data:
        try:
            data = await reader.read(_PIECE_BYTES)
        except OSError:
            data = b""  # a connection that breaks is at its end, for the other side too
        held.put_nowait((clock() + hold_s, data))
    await speaking


async def _speak(held: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due_s, data = await held.get()
        # A second look, as a timer may go off a tick before its time.
        for _ in range(2):
            await asyncio.sleep(max(due_s - clock(), 0))
        with contextlib.suppress(OSError):  # nobody is there to take it; the one who speaks hears that at his own end
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()


async def forward(listen: str, to: str, hold_s: float) -> None:
    """Until the process is ended."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = to.rpartition(":")
        onward_reader, onward_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(carry(reader, onward_writer, hold_s), carry(onward_reader, writer, hold_s))
        for each in (writer, onward_writer):
            each.close()

    host, _, port = listen.rpartition(":")
    server = await asyncio.start_server(connected, host, int(port))
    print(READY, flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1], sys.argv[2], float(sys.argv[3])))
