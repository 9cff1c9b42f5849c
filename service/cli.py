"""`llocust serve`."""

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from service.app import create_app
from service.demo import DemoFailed, demo
from service.errors import Refused
from service.safety.tokens import make, read_tokens
from service.settings import DEFAULT_PORT, Limits, Settings
from service.store.file import DEFAULT, SWITCH, file_wanted
from service.store.nouns import StoreError
from service.store.store import Store

DAMAGED, USAGE = 1, 2


class NotServed(Exception):
    """Why the service does not start, in a sentence."""


def serve_main(argv: list[str]) -> int:
    """Serve until told to end. Exit: 0 ended · 1 it could not start · 2 usage."""
    parser = make_parser()
    options = parser.parse_args(argv)
    if options.make_token is not None:
        made = make(options.make_token, options.token_name)
        print(f"The token, shown this once: {made.token}")
        print(f"For the service:            LLOCUST_TOKENS={made.entry}")
        return 0
    try:
        settings = settings_of(options)
        check(settings)
    except NotServed as error:
        print(error, file=sys.stderr)
        return USAGE
    try:
        if options.demo:
            return _demonstrate(settings)
        with alone(settings.data):
            _look_at_the_database(settings)
            return _serve(settings)
    except NotServed as error:
        print(error, file=sys.stderr)
        return DAMAGED


def _demonstrate(settings: Settings) -> int:
    print("A demo: two embedded servers, and samples of what they measure are under way.", flush=True)
    try:
        with demo(settings) as changed:
            print(f"Its data is in {changed.data}, and goes when it ends.", flush=True)
            return _serve(changed)
    except (DemoFailed, Refused, StoreError, OSError) as error:
        raise NotServed(f"The demo does not start: {error}") from error


def _serve(settings: Settings) -> int:
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    except KeyboardInterrupt:
        # Uvicorn ends well, and then tells of the signal that ended it.
        return 0
    except SystemExit:
        raise NotServed(f"--port {settings.port} of {settings.host} cannot be listened on; its log says why.") from None
    return 0 if server.started else DAMAGED


def make_parser() -> argparse.ArgumentParser:
    """Of `llocust serve`."""
    parser = argparse.ArgumentParser("llocust serve", description="Benchmarks over HTTP, and a store of their results.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on; any but loopback needs LLOCUST_TOKENS")
    add("--port", type=int, default=DEFAULT_PORT, metavar="N", help=f"port to listen on (default: {DEFAULT_PORT})")
    add(
        "--data",
        type=Path,
        default=_data(),
        metavar="DIR",
        help="runs, test sets and the database (default: ./llocust-data)",
    )
    add(
        "--database",
        default=os.environ.get("LLOCUST_DATABASE"),
        metavar="URL",
        help="postgresql://… instead of SQLite in DIR",
    )
    add("--results-file", type=Path, metavar="FILE",
        help=f"what {SWITCH}=True serves in place of the database's results (default: ./{DEFAULT})")  # fmt: skip
    add("--allow-target", action="extend", nargs="+", default=_words("LLOCUST_ALLOW_TARGET"), metavar="HOST",
        help="names, addresses or networks that runs may ask although they are private")  # fmt: skip
    add(
        "--at-once",
        type=_positive,
        default=1,
        metavar="N",
        help="runs at the same time (default: 1; two spoil each other)",
    )
    _add_bounds(parser)
    add(
        "--demo",
        action="store_true",
        help="serve samples from an embedded server, in a directory that goes when it ends",
    )
    add("--make-token", choices=("read", "run"), help="print a new token, and what the service is told of it")
    add("--token-name", type=_name, metavar="NAME", help="name of the new token (default: its scope)")
    return parser


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    bounds = Limits()
    for name, help_text in _BOUNDS.items():
        default = getattr(bounds, name)
        parser.add_argument(
            f"--max-{_flag(name)}",
            dest=name,
            type=_positive,
            default=default,
            metavar="N",
            help=f"{help_text} (default: {default:,.0f})",
        )


_BOUNDS = {
    "body_bytes": "bytes of a request's body",
    "requests": "requests of a point",
    "points": "points of a run",
    "users": "users of a point",
    "duration_s": "seconds of a run",
    "max_tokens": "tokens of an answer",
    "queue": "runs that wait",
    "listeners": "open streams of progress",
    "processes": "worker processes of a run",
}


def _flag(name: str) -> str:
    return {"body_bytes": "body", "duration_s": "duration", "max_tokens": "tokens"}.get(name, name)


def _data() -> Path:
    return Path(os.environ.get("LLOCUST_DATA") or "llocust-data")


def _words(variable: str) -> list[str]:
    return os.environ.get(variable, "").replace(",", " ").split()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("give a whole number of one or more")
    return int(text)


def _name(text: str) -> str:
    if not text.replace("-", "").replace("_", "").isalnum() or len(text) > 40:
        raise argparse.ArgumentTypeError("give letters, digits, dashes and underscores, 40 at most")
    return text


def settings_of(options: argparse.Namespace) -> Settings:
    """From options and environment. Raises NotServed."""
    try:
        tokens = read_tokens(os.environ.get("LLOCUST_TOKENS", ""))
        debug_file = file_wanted(os.environ, options.results_file)
    except (ValueError, StoreError) as error:
        raise NotServed(str(error)) from None
    return Settings(
        data=options.data,
        database=options.database or None,
        host=options.host,
        port=options.port,
        tokens=tokens,
        allowed_targets=tuple(options.allow_target),
        at_once=options.at_once,
        debug_file=debug_file,
        limits=Limits(**{name: getattr(options, name) for name in _BOUNDS}),
    )


def check(settings: Settings) -> None:
    """Raises NotServed where it would be dangerous to serve."""
    if not settings.is_loopback and not settings.tokens:
        raise NotServed(
            f"--host {settings.host} lets others in, and nothing says whom: set LLOCUST_TOKENS; `llocust serve --make-token run` "
            "makes a token for it."
        )
    if not 0 <= settings.port < 65536:
        raise NotServed(f"--port {settings.port} is no port; give 1 to 65535, or 0 for one that is free.")


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Keep other services from the same data for as long as this lasts. Raises NotServed."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = (data / "service.lock").open("a")
    except OSError as error:
        raise NotServed(f"--data {data} cannot be written to: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotServed(f"Another service uses {data}; give this one a directory of its own with --data.") from None
        yield


def _look_at_the_database(settings: Settings) -> None:
    try:
        store = Store(settings.database_url)
        try:
            store.migrate()
        finally:
            store.close()
    except StoreError as error:
        raise NotServed(str(error)) from error
