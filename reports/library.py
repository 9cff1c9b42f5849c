"""The script that draws the charts of a page: Vega, Vega-Lite and Vega-Embed in one, kept from one report to the next.

Bundling them takes longer than all the rest of a report (1.5 s of CPU), and gives the same bytes for the same versions.
"""

import hashlib
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

from harness.run import write_atomically
from reports.charts import VEGALITE

_DIGEST_BYTES = 32


@cache
def library() -> str:
    """Ready to stand in a script element. What cannot be kept is made each time."""
    try:
        kept = _cache_directory() / f"vega-{VEGALITE}-{version('vl-convert-python')}.js"
    except RuntimeError:  # nobody's home is known
        return _bundle()
    found = _read(kept)
    if found is None:
        found = _bundle()
        _keep(kept, found)
    return found


def _bundle() -> str:
    bundle: str = vl_convert.javascript_bundle(vl_version=VEGALITE)  # type: ignore[call-arg]
    return bundle.replace("</script", "<\\/script")


def _cache_directory() -> Path:
    """By the XDG Base Directory Specification."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if Path(given).is_absolute() else Path("~/.cache").expanduser()) / "llocust"


def _read(kept: Path) -> str | None:
    """None where it is not there, or not whole: its digest stands before it."""
    try:
        data = kept.read_bytes()
    except OSError:
        return None
    digest, script = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return script.decode() if hashlib.sha256(script).digest() == digest else None


def _keep(kept: Path, script: str) -> None:
    data = script.encode()
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, hashlib.sha256(data).digest() + data)
    except OSError:
        return  # a home that cannot be written to costs a second at each report, and no report
