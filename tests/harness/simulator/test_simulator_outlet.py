import asyncio
from array import array

from harness.simulator.outlet import Outlet


class Client:
    """Takes sends as uvicorn does: at once, or, while it does not read, after it reads again."""

    def __init__(self):
        self.bodies = []
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, message):
        if not self.reads.is_set():
            await self.reads.wait()
        self.bodies.append(message.get("body"))


def run(scenario):
    # Locust's conftest has patched this process; a loop of its own is all that is needed here.
    async def in_loop():
        client, sent_ns = Client(), array("q")
        await scenario(client, Outlet(client.send, sent_ns), sent_ns)

    asyncio.run(in_loop())


def test_a_reading_client_is_sent_to_at_once():
    async def scenario(client, outlet, sent_ns):
        outlet.write(b"a", 1)
        outlet.write(b"b", 3)
        outlet.write(b"c")
        assert client.bodies == [b"a", b"b", b"c"]
        assert len(sent_ns) == 4
        assert sent_ns[1] == sent_ns[2] == sent_ns[3]

    run(scenario)


def test_a_client_that_does_not_read_holds_up_nobody_and_gets_all_in_order():
    async def scenario(client, outlet, sent_ns):
        client.reads.clear()
        for body in (b"a", b"b", b"c"):
            outlet.write(body, 1)
        outlet.end()
        await asyncio.sleep(0)
        assert client.bodies == []
        assert len(sent_ns) == 1
        client.reads.set()
        # Written before the waiting sends have woken up: it must not overtake them.
        outlet.write(b"d", 1, more=False)
        await asyncio.wait_for(outlet.done, 5)
        await asyncio.sleep(0)
        assert client.bodies == [b"a", b"b", b"c", b"d"]
        assert len(sent_ns) == 4

    run(scenario)


def test_after_a_rest_the_next_write_leaves_apart():
    async def scenario(client, outlet, sent_ns):
        outlet.write(b"a")
        outlet.rest()
        outlet.write(b"b", 1)
        outlet.end()
        assert client.bodies == [b"a"]
        await asyncio.wait_for(outlet.done, 5)
        assert client.bodies == [b"a", b"b"]

    run(scenario)
