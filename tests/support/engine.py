"""transformers' own server on the CPU, with a tiny random model made on the spot, as a process of its own."""

import hashlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.workers import free_port

VARIABLE = "LLOCUST_ENGINE_PYTHON"
"""Names the interpreter that has the engine; without it, our own is asked."""
START_LIMIT_S = 120
STOP_LIMIT_S = 10
_ROOT = Path(__file__).parents[2]
_SCRIPTS = _ROOT / "tests" / "engine"
_KEPT = _ROOT / "build" / "engine"
"""Models that took a while to make, by the digest of what they were made from."""
_INSTALLED = (
    "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, ('torch', 'transformers', 'uvicorn'))))"
)
# An engine that runs several threads a request would take both cores of a small machine, the load process's as well.
_THRIFT = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers, and what its model is called: the directory it is kept in."""

    url: str
    model: str


class EngineError(Exception):
    """The engine is not there or does not start; the message says why."""


def interpreter() -> Path:
    """The interpreter that should have the engine. Not resolved: a link is what makes it a virtual environment's."""
    return Path(os.environ.get(VARIABLE) or sys.executable).absolute()


def missing() -> str | None:
    """Why there is no engine to test against; None if there is one. Raises EngineError if one was named and lacks it."""
    python = interpreter()
    try:
        installed = subprocess.run([str(python), "-c", _INSTALLED], check=False).returncode == 0
    except OSError as error:
        raise EngineError(f"{VARIABLE}={python} cannot be run: {error.strerror}.") from error
    if installed:
        return None
    why = f"{python} has no torch and transformers[serving]; tests/engine/README.md says how to get them."
    if os.environ.get(VARIABLE):
        # Whoever names an engine wants it tested: to skip here would be to pass in silence.
        raise EngineError(why)
    return why


@contextmanager
def running_engine(model: Path | None = None) -> Iterator[Running]:
    """Start `transformers serve` with this model, or a random one made on the spot; end that process and no other."""
    with tempfile.TemporaryDirectory(prefix="llocust-engine-") as name:
        directory = Path(name)
        if model is None:
            model = directory / "tiny"
            run_script("make_model.py", model)
        env = _environment() | {"HF_HOME": str(directory / "hub")}
        port = free_port()
        with (directory / "serve.log").open("wb") as log:
            process = subprocess.Popen(_command(model, port), env=env, stdout=log, stderr=log, start_new_session=True)
        with process:
            try:
                _wait_until_ready(process, port, directory / "serve.log")
                yield Running(f"http://127.0.0.1:{port}", str(model))
            finally:
                _end(process)


def trained(exercises: Path) -> Path:
    """The model that train_arithmetic.py makes of a set; made once for this script and this set."""
    script = _SCRIPTS / "train_arithmetic.py"
    digest = hashlib.sha256(script.read_bytes() + b"\0" + exercises.read_bytes()).hexdigest()
    model = _KEPT / digest[:16]
    if not model.exists():
        model.parent.mkdir(parents=True, exist_ok=True)
        # Beside it and then into its place: what was broken off is not taken for a model the next time.
        with tempfile.TemporaryDirectory(dir=model.parent) as name:
            run_script(script.name, exercises, Path(name) / "model")
            (Path(name) / "model").rename(model)
    return model


def run_script(name: str, *words: str | Path) -> str:
    """What a script of tests/engine prints, run by the engine's interpreter. Raises EngineError where it fails."""
    command = [str(interpreter()), str(_SCRIPTS / name), *map(str, words)]
    done = subprocess.run(command, env=_environment(), check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise EngineError(f"{name} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, **_OFFLINE, **_THRIFT}


def _command(model: Path, port: int) -> list[str]:
    command = interpreter().parent / "transformers"
    return [str(command), "serve", str(model), "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]


def _wait_until_ready(process: subprocess.Popen, port: int, log: Path) -> None:
    until_s = time.monotonic() + START_LIMIT_S
    while not _is_healthy(port):
        if process.poll() is not None:
            raise EngineError(f"The engine ended with {process.returncode}:\n{log.read_text(errors='replace')}")
        if time.monotonic() > until_s:
            raise EngineError(f"No answer within {START_LIMIT_S} s:\n{log.read_text(errors='replace')}")
        time.sleep(0.2)


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen) -> None:
    # It leads a group of its own, which also has whatever it may have started.
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                continue
