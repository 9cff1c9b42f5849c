"""Runs the simulator: one process, one event loop, one listening socket."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from harness.simulator.app import App
from harness.simulator.options import SimulatorOptions
from harness.simulator.pacing import pacing_for

Say = Callable[[str], None]

_BACKLOG = 4096
_GC_ALLOCATIONS = 1_000_000
"""Allocations kept between collections: hundreds of thousands of requests."""


def serve(options: SimulatorOptions, announce: Say, complain: Say) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code: 0, or 2 where it cannot listen.

    `announce` gets the lines for stdout, `complain` a sentence for stderr. Must be called in the main thread.
    """
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(_listen(options))
            context = stack.enter_context(_tls(options, announce))
        except OSError as error:
            complain(_sentence(options, error))
            return 2
        runner = stack.enter_context(asyncio.Runner(loop_factory=_loop_factory()))
        runner.run(_serve(options, listener, context, announce))
    return 0


async def _serve(
    options: SimulatorOptions, listener: socket.socket, context: ssl.SSLContext | None, announce: Say
) -> None:
    api_key = os.environ.get(options.api_key_env) if options.api_key_env else None
    config = uvicorn.Config(
        App(options, pacing_for(options), api_key),
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=options.keep_alive_s,
        timeout_graceful_shutdown=0,
    )
    config.load()
    config.ssl = context
    _calm_garbage_collection()
    _raise_file_limit()
    await _Server(config, lambda: announce(_ready(options, listener))).serve(sockets=[listener])


class _Protocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop holds writes back to the end of an iteration unless its buffer limit is passed: with a limit of 0
        # the system call is made inside `send`, right after its stamp. Over TLS that limit would never be released.
        if transport.get_extra_info("ssl_object") is None:
            transport.set_write_buffer_limits(high=0)  # type: ignore[attr-defined]
        super().connection_made(transport)  # type: ignore[arg-type]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again once it has stopped; an exit asked for is a success here.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def _listen(options: SimulatorOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.host, options.port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def _tls(options: SimulatorOptions, announce: Say) -> Iterator[ssl.SSLContext | None]:
    if not options.tls:
        yield None
        return
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(context)
    with tempfile.TemporaryDirectory(prefix="llocust-") as folder:
        path = Path(options.tls_ca_file or Path(folder, "ca.pem")).absolute()
        path.write_bytes(authority.cert_pem.bytes())
        announce(f"llocust simulate: the certificate's authority is in {path}")
        yield context


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def _calm_garbage_collection() -> None:
    gc.collect()
    gc.freeze()
    # A young collection walks whatever was made since the last one, and under load that is every open stream: 10 ms at
    # 2,000 of them. Requests and connections leave no cycles behind, so that counting references frees them.
    gc.set_threshold(_GC_ALLOCATIONS)


def _raise_file_limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS calls its limit infinite and then refuses to have it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _ready(options: SimulatorOptions, listener: socket.socket) -> str:
    scheme = "https" if options.tls else "http"
    host = f"[{options.host}]" if ":" in options.host else options.host
    models = ", ".join(options.models)
    url = f"{scheme}://{host}:{listener.getsockname()[1]}"
    return f"llocust simulate: listening on {url} (model {models}, engine: {_engine(options)})"


def _engine(options: SimulatorOptions) -> str:
    if options.ttft_s is not None and options.itl_s is not None:
        return f"fixed, TTFT {options.ttft_s * 1000:g} ms, ITL {options.itl_s * 1000:g} ms"
    step = f"{options.step_ms:g} ms + {options.step_ms_per_seq:g} ms per request a step"
    return f"batch of {options.max_batch}, {step}, prefill {options.prefill_us:g} us per token"


def _sentence(options: SimulatorOptions, error: OSError) -> str:
    where = options.tls_ca_file if error.filename else f"{options.host}:{options.port}"
    if error.filename:
        return (
            f"The certificate cannot be written to {where}: {error.strerror}. Choose another path with --tls-ca-file."
        )
    return f"Cannot listen on {where}: {error.strerror}. Choose another --port (0 takes a free one) or --host."
