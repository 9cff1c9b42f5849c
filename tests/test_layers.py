"""The import law of the house: which package may know which, and what pure modules must not touch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("harness", "reports", "locustfiles", "service", "testsets")

NOUNS = frozenset(
    {"harness.record", "harness.metrics", "harness.run", "harness.outcome", "harness.tokenizer", "harness.score"}
)
"""What the reading side may know of the load side."""

PURE_HARNESS = (
    *(
        "testset",
        "formats",
        "pictures",
        "png",
        "call",
        "sse",
        "lines",
        "framing",
        "record",
        "outcome",
        "metrics",
        "pace",
        "pauses",
        "conversation",
        "options",
        "values",
        "ages",
        "dialects",
        "accuracy",
    ),
    *("chunks", "scrub", "complaint"),
    *("block", "progress", "clocks", "histogram", "live"),
    *("sampling", "targets", "extra", "parser", "config"),
    *("lengths", "ruler", "salt", "synthetic", "vocabulary"),
    "score",
    "canaries",
    *("quality.boxed", "quality.choice", "quality.documents", "quality.folding", "quality.formulas", "quality.numbers"),
    *("quality.refusals", "quality.sample", "quality.tongues"),
    *("quality.echoes", "quality.objects", "quality.whole"),
)
OF_THE_SERVICE = ("harness.run", "harness.record", "harness.outcome", "harness.__version__")
"""What the service may know of the load side, which it starts as a process."""
PURE_SERVICE = (
    *("metrics", "safety.limits", "jobs.figures", "store.averages", "store.buckets"),
    *("pages.text", "pages.chart", "pages.sides", "pages.calls", "pages.form", "pages.address", "pages.request"),
)
PURE_REPORTS = (
    "canaries",
    "window",
    "stats",
    "verdict",
    "render",
    "intervals",
    "strata",
    "answers",
    "quality",
    "texts",
    *("cost", "spending", "models"),
)
PURE = (
    *(f"harness.{name}" for name in PURE_HARNESS),
    *(f"reports.{name}" for name in PURE_REPORTS),
    *(f"service.{name}" for name in PURE_SERVICE),
)
"""Modules, and packages with all that is in them."""

WORLD = frozenset(
    [
        "os",
        "socket",
        "ssl",
        "select",
        "selectors",
        "time",
        "datetime",
        "subprocess",
        "signal",
        "threading",
        "multiprocessing",
        "concurrent",
        "asyncio",
        "shutil",
        "tempfile",
        "pathlib",
        "glob",
        "fileinput",
        "sys",
        "logging",
        "http",
        "urllib.request",
        "requests",
        "urllib3",
        "gevent",
        "locust",
        "psutil",
    ]
)
"""What reads a clock, touches the machine or waits."""

HARMLESS = frozenset({"pathlib.PurePath", "pathlib.PurePosixPath"})
TEMPLATES = {"reports.render.html": frozenset({"pathlib.Path"})}
"""The renderer of pages finds its own templates beside itself."""


class Import(NamedTuple):
    """`name` is the full dotted name: for `from a import b` it is a.b, whether b is a module or not."""

    name: str
    line: int
    lazy: bool
    """Inside a function."""
    typing: bool
    """Inside `if TYPE_CHECKING`."""

    def within(self, *packages: str) -> bool:
        return any(self.name == package or self.name.startswith(f"{package}.") for package in packages)


def imports(source: str) -> list[Import]:
    return list(_walk(ast.parse(source), lazy=False, typing=False))


def _walk(node: ast.AST, *, lazy: bool, typing: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, lazy, typing)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports in this house are absolute"
        for alias in node.names:
            yield Import(f"{node.module}.{alias.name}", node.lineno, lazy, typing)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        lazy = True
    body = node.body if isinstance(node, ast.If) and _is_type_checking(node.test) else []
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, lazy=lazy, typing=typing or child in body)


def _is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def is_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def offences(module: str, source: str) -> list[str]:
    """What `module` imports or calls against the law, a line each."""
    found = []
    for each in imports(source):
        found += [f"{module}:{each.line} imports {each.name}: {why}" for why in _breaks(module, each)]
    if is_in(module, *PURE):
        found += [f"{module}:{line} calls {name}: pure modules do no I/O" for name, line in _calls(source)]
    return found


def _breaks(module: str, each: Import) -> Iterator[str]:
    if is_in(module, "reports") and each.within("harness") and not each.within(*NOUNS, "harness.__version__"):
        yield "reports know of harness its nouns only"
    if is_in(module, "reports") and each.within("requests", "urllib3"):
        yield "reports ask nobody"
    if is_in(module, "harness", "locustfiles", "testsets") and each.within("reports"):
        if module != "harness.cli":
            yield "only harness.cli knows reports"
        elif not (each.lazy or each.typing):
            yield "reports are imported when they are wanted"
    yield from _of_the_service(module, each)
    if each.within("locust") and not is_in(module, "locustfiles", "harness.swarm"):
        yield "only locustfiles and harness.swarm know Locust"
    if each.within("gevent") and not is_in(module, "locustfiles", "harness.swarm", "harness.wire"):
        yield "gevent is for locustfiles, harness.swarm and harness.wire"
    if is_in(module, *PURE):
        yield from _impurities(module, each)


def _of_the_service(module: str, each: Import) -> Iterator[str]:
    if is_in(module, "service") and each.within("harness") and not each.within(*OF_THE_SERVICE):
        yield "the service knows of harness the run folder, and starts the rest"
    if is_in(module, "service") and each.within("requests", "urllib3"):
        yield "the service asks nobody itself"
    if each.within("fastapi", "sqlalchemy", "alembic", "pydantic") and not is_in(module, "service"):
        yield "FastAPI and SQLAlchemy are for the service"
    if (
        is_in(module, "service")
        and each.within("sqlalchemy", "alembic", "psycopg")
        and not is_in(module, "service.store")
    ):
        yield "only the store speaks SQL"
    if each.within("service") and not is_in(module, "service"):
        if module != "harness.cli":
            yield "only harness.cli knows the service"
        elif not each.lazy:
            yield "the service is imported when it is wanted"


def _impurities(module: str, each: Import) -> Iterator[str]:
    allowed = HARMLESS | TEMPLATES.get(module, frozenset())
    if each.within(*WORLD) and each.name not in allowed:
        yield "pure modules do no I/O and read no clock"
    if is_in(module, "harness") and each.within("harness") and not each.within(*PURE):
        yield "pure modules of harness know only pure modules"


def _calls(source: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("open", "print", "input")
        ):
            yield node.func.id, node.lineno


@cache
def modules() -> dict[str, Path]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_keeps_the_law(module):
    assert offences(module, modules()[module].read_text()) == []


@pytest.mark.parametrize("name", PURE)
def test_what_the_law_calls_pure_is_there(name):
    assert name in modules()


PLANTED = [
    ("reports.load", "from harness.exchange import Ledger"),
    ("reports.load", "from harness import exchange"),
    ("reports.load", "import harness.exchange"),
    ("reports.load", "def f():\n    from harness.options import Options"),
    ("reports.load", "from harness.records import x"),
    ("reports.load", "import requests"),
    ("reports.load", "from locust import stats"),
    ("reports.load", "from gevent.event import Event"),
    ("harness.sweep", "from reports.write import rebuild"),
    ("harness.sweep", "def f():\n    import reports"),
    ("harness.swarm.house", "from reports import cli"),
    ("harness.cli", "from reports.cli import report_main"),
    ("harness.cli", "if x:\n    import reports.cli"),
    ("harness.cli", "if TYPE_CHECKING:\n    pass\nelse:\n    import reports.cli"),
    ("harness.exchange", "import locust.stats"),
    ("harness.wire.wire", "from locust import HttpUser"),
    ("harness.exchange", "import gevent"),
    ("harness.simulator.app", "from gevent import sleep"),
    ("locustfiles.chat", "from reports import cli"),
    ("harness.sse", "import time"),
    ("harness.dialects.chat", "import os.path"),
    ("harness.options", "from pathlib import Path"),
    ("harness.testset", "from pathlib import Path, PurePath"),
    ("harness.metrics", "from datetime import datetime"),
    ("harness.call", "def f():\n    import socket"),
    ("harness.options", "from harness import shelf"),
    ("harness.record", "from harness.run import Point"),
    ("harness.pace", "open('x')"),
    ("reports.stats", "print(1)"),
    ("reports.render.json", "from pathlib import Path"),
    ("reports.render.html", "import time"),
    ("reports.window", "import subprocess"),
    ("service.app", "from harness.options import Options"),
    ("service.jobs.child", "def f():\n    from harness import sweep"),
    ("service.app", "import gevent"),
    ("service.app", "from locust import User"),
    ("service.safety.targets", "import requests"),
    ("service.metrics", "import time"),
    ("service.api.runs", "from sqlalchemy import select"),
    ("harness.sweep", "def f():\n    from service.app import create_app"),
    ("harness.cli", "from service.cli import serve_main"),
    ("reports.write", "import service"),
    ("reports.write", "import fastapi"),
]


@pytest.mark.parametrize(("module", "source"), PLANTED)
def test_a_planted_offence_is_found(module, source):
    assert len(offences(module, source)) == 1


ALLOWED = [
    ("reports.load", "from harness.record import Record\nfrom harness import run\nimport harness.metrics\nimport time"),
    ("reports.load", "from harness import __version__"),
    ("harness.cli", "def f():\n    from reports.cli import report_main"),
    ("harness.cli", "if TYPE_CHECKING:\n    from reports.report import Report"),
    ("harness.swarm.users", "from locust import HttpUser\nimport gevent"),
    ("harness.wire.wire", "import gevent\nimport requests"),
    ("locustfiles.chat", "from locust import task\nimport gevent"),
    ("harness.testset", "from pathlib import PurePath\nfrom urllib.parse import urlsplit"),
    ("harness.options", "from harness.dialects import DIALECTS\nfrom harness.call import Timeouts"),
    ("reports.render.html", "from pathlib import Path"),
    ("harness.cli", "def f():\n    from service.cli import serve_main"),
    ("service.app", "from harness import run, __version__\nfrom reports.build import build\nimport fastapi, time"),
    ("harness.locusts", "import locustfiles_of_mine, gevents"),
]


@pytest.mark.parametrize(("module", "source"), ALLOWED)
def test_what_is_allowed(module, source):
    assert offences(module, source) == []


def loaded_by(module: str, unwanted: tuple[str, ...]) -> str:
    """Which of `unwanted` are there in a fresh process that has imported `module` only."""
    code = f"import {module}, sys; print(*[name for name in {unwanted!r} if name in sys.modules])"
    command = [sys.executable, "-P", "-c", code]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=ROOT).stdout.strip()


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("reports.write", ("locust", "gevent", "requests")),
        ("reports.cli", ("locust", "gevent", "requests")),
        ("harness.sweep", ("locust", "gevent", "pandas", "reports")),
        ("harness.cli", ("locust", "gevent", "requests", "pandas", "reports", "service", "fastapi")),
        ("service.cli", ("locust", "gevent", "requests")),
        ("harness.simulator.app", ("locust", "gevent", "requests")),
    ],
)
def test_what_a_process_loads(module, unwanted):
    assert loaded_by(module, unwanted) == ""


def test_what_a_process_loads_is_seen():
    assert loaded_by("harness.swarm", ("locust", "gevent", "reports")) == "locust gevent"
