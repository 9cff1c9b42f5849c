"""Hosts on one machine: each has a network namespace, a name and a disk of its own, and cables to two switches.

Each host is plugged into both switches, so that a cable can be cut without the other: `control` carries what master and
workers say to each other, `service` the load. All of it lives in namespaces that are named after this process, the
switches too; nothing of it is to be seen on the machine's own network.

    control 10.213.1.0/24   switch ──┬── master ── … one cable a host
    service 10.213.2.0/24   switch ──┴── alpha  ── …
"""

import itertools
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.command import BIN, environment
from support.forwarder import READY

SUBNETS = {"control": "10.213.1", "service": "10.213.2"}
SWITCH = "switch"
_FORWARDER = Path(__file__).with_name("forwarder.py")
_NUMBERS = itertools.count(1)


def why_not() -> str | None:
    """Why there can be no such hosts here, in a sentence."""
    if sys.platform != "linux":
        return "Network namespaces are Linux's."
    if os.geteuid() != 0:
        return "Network namespaces need root."
    missing = [tool for tool in ("ip", "unshare", "mount", "hostname") if shutil.which(tool) is None]
    if missing:
        return f"There is no {' and no '.join(missing)}; Debian has them in iproute2, util-linux, mount and hostname."
    probe = f"llocust-{os.getpid()}-probe"
    try:
        added = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    finally:
        subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return f"No network namespace can be made: {added.stderr.strip()}." if added.returncode else None


class Network:
    """The hosts; `disks` has a directory for each, which is the root of what it keeps."""

    def __init__(self, hosts: Sequence[str], folder: Path) -> None:
        self.folder = folder
        self._prefix = f"llocust-{os.getpid()}-{next(_NUMBERS)}-"
        self._numbers = {host: number for number, host in enumerate(hosts, 1)}
        self._made: list[str] = []
        self._small: list[Path] = []

    def build(self) -> None:
        """All namespaces and cables. Raises AssertionError where a command fails."""
        self._namespace(SWITCH)
        for subnet in SUBNETS:
            self._ip(SWITCH, "link", "add", subnet, "type", "bridge")
            self._ip(SWITCH, "link", "set", subnet, "up")
        for host in self._numbers:
            self._namespace(host)
            self.disk(host).mkdir(parents=True)
            for subnet in SUBNETS:
                self._plug_in(host, subnet)
        self.mount_point.mkdir()
        self._hosts_file.write_text("".join(self._names()))

    def take_down(self) -> None:
        """End all that runs in the namespaces, all of which was started there by us, and remove them."""
        for name in reversed(self._made):
            for pid in _run("ip", "netns", "pids", name, check=False).split():
                _kill(int(pid))
            _run("ip", "netns", "del", name, check=False)
        for disk in self._small:
            _run("umount", "--lazy", str(disk), check=False)

    def address(self, host: str, subnet: str) -> str:
        """Of a host in a subnet."""
        return f"{SUBNETS[subnet]}.{self._numbers[host]}"

    def disk(self, host: str) -> Path:
        """What a host sees as `mount_point`. No other host sees it."""
        return self.folder / "disks" / host

    def shrink(self, host: str, size_bytes: int) -> None:
        """Give a host a disk of that size; before anything is started there."""
        self._small.append(self.disk(host))
        _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(self.disk(host)))

    @property
    def mount_point(self) -> Path:
        """The working directory on every host: the same path, and another disk."""
        return self.folder / "here"

    def cut(self, host: str, subnet: str) -> None:
        """Pull a host's cable out of a switch: what is under way is lost, and nobody is told."""
        self._ip(SWITCH, "link", "set", _cable(host, subnet), "down")

    def mend(self, host: str, subnet: str) -> None:
        """Plug it in again."""
        self._ip(SWITCH, "link", "set", _cable(host, subnet), "up")

    def on(self, host: str, *command: str) -> list[str]:
        """The words that run a command on a host. What they start is the command itself, with the same pid."""
        names = f"mount --bind {shlex.quote(str(self._hosts_file))} /etc/hosts"
        settle_in = f'hostname {host} && {names} && mount --bind "$0" "$1" && cd "$1" && shift && exec "$@"'
        disk = (str(self.disk(host)), str(self.mount_point))
        inside = ("ip", "netns", "exec", self._name(host), "unshare", "--uts", "--mount")
        return [*inside, "sh", "-c", settle_in, *disk, *command]

    @contextmanager
    def started(self, host: str, *command: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that runs on a host; ended by its pid if the block leaves it running."""
        words = self.on(host, *command)
        with subprocess.Popen(
            words, env=environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    @property
    def _hosts_file(self) -> Path:
        return self.folder / "hosts"

    def _names(self) -> Iterator[str]:
        """Every host is known by its name, and by its name in deploy/kubernetes.yaml, on all hosts."""
        yield "127.0.0.1 localhost\n"
        for host in self._numbers:
            yield f"{self.address(host, 'service')} {host} llocust-{host}\n"

    def _namespace(self, host: str) -> None:
        name = self._name(host)
        self._made.append(name)
        _run("ip", "netns", "add", name)
        self._ip(host, "link", "set", "lo", "up")

    def _plug_in(self, host: str, subnet: str) -> None:
        cable = _cable(host, subnet)
        peer = ("peer", "name", subnet, "netns", self._name(host))
        self._ip(SWITCH, "link", "add", cable, "type", "veth", *peer)
        self._ip(SWITCH, "link", "set", cable, "master", subnet, "up")
        self._ip(host, "address", "add", f"{self.address(host, subnet)}/24", "dev", subnet)
        self._ip(host, "link", "set", subnet, "up")

    def _ip(self, host: str, *words: str) -> None:
        _run("ip", "-n", self._name(host), *words)

    def _name(self, host: str) -> str:
        return self._prefix + host


def _cable(host: str, subnet: str) -> str:
    # An interface's name has 15 characters at most.
    return f"{host}-{subnet}"[:15]


def _run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended by itself meanwhile


@contextmanager
def network(hosts: Sequence[str], folder: Path) -> Iterator[Network]:
    """Hosts with cables, and nothing left of them afterwards, whatever happened."""
    made = Network(hosts, folder)
    try:
        made.build()
        yield made
    finally:
        made.take_down()


class Simulator:
    """One that runs on a host; asked there, as nobody outside can reach it."""

    PORT = 8000

    def __init__(self, net: Network, host: str) -> None:
        self._net = net
        self._host = host
        self.url = f"http://{net.address(host, 'service')}:{self.PORT}"

    def requests(self) -> list[dict[str, Any]]:
        """What it knows of each request, in the order of arrival."""
        ask = "import sys, urllib.request as u; sys.stdout.buffer.write(u.urlopen(sys.argv[1]).read())"
        asked = _run(*self._net.on(self._host, sys.executable, "-c", ask, f"{self.url}/truth/requests"))
        return [json.loads(line) for line in asked.splitlines()]


@contextmanager
def simulator_on(net: Network, host: str, *options: str) -> Iterator[Simulator]:
    """A simulator that answers on all addresses of a host."""
    words = (str(BIN / "llocust"), "simulate", "--host", "0.0.0.0", "--port", str(Simulator.PORT), *options)
    with net.started(host, *words) as process:
        await_line(process, "listening on")
        yield Simulator(net, host)


@contextmanager
def forwarder_on(net: Network, host: str, port: int, to: str, hold_s: float) -> Iterator[None]:
    """From that port of a host to `to`, a host and port, with every byte held for so long each way."""
    with net.started(host, sys.executable, str(_FORWARDER), f"0.0.0.0:{port}", to, str(hold_s)) as process:
        await_line(process, READY)
        yield


def await_line(process: "subprocess.Popen[str]", word: str) -> None:
    """Until a process says that; what it says afterwards is still to be read."""
    assert process.stdout is not None
    heard = []
    for line in process.stdout:
        heard.append(line)
        if word in line:
            return
    raise AssertionError(f"ended without a word of {word!r}:\n{''.join(heard)}")
