"""A run as a process has it, made up."""

from pathlib import Path

from harness.options import Options
from harness.run import Host, Manifest, Point, TestsetInfo
from harness.swarm.plan import Plan
from harness.testset import Message, Prompt, Testset
from harness.ways import Secrets, Way
from harness.wire.network import resolve

HOST = "http://127.0.0.1:1"


def plan(folder: Path, run: str, secret: str = "sk-of-a-made-up-run") -> Plan:
    """A plain run with one point of three users, and a secret that it must not tell."""
    manifest = Manifest(
        id=run,
        name="locust",
        kind="plain",
        begun="2026-01-31T12:00:00Z",
        command=["locust"],
        options={"api_key_env": "OPENAI_API_KEY"},
        versions={},
        machine=Host(name="h", system="Linux", kernel="6", machine="x86_64", cpu="c", cores=2, memory_bytes=1),
        url=f"{HOST}/v1/chat/completions",
        model="m",
        dialect="chat",
        testset=TestsetInfo("chat", "shipped", "d", 1),
        points=[Point(index=1, users=3, state="running")],
    )
    testset = Testset("chat", "shipped", "d", (Prompt(index=0, messages=(Message("user", "Hi"),)),))
    ways = {"default": Way(resolve(HOST), Secrets(secret, {"X-Key": secret}))}
    return Plan(folder, manifest, Options(host=HOST), testset, ways)
