"""The report of a run in every rendering, and its requests as tables."""

from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse

from service.api.run import RunId, known
from service.dependencies import SettingsNow, StoreNow
from service.errors import Refused, answers
from service.safety.headers import REPORTS

router = APIRouter(prefix="/runs", tags=["reports"])

Rendering = Literal[
    "report.json",
    "report.md",
    "report.html",
    "models.md",
    "models.html",
    "points.csv",
    "requests.csv",
    "requests.parquet",
    "quality.jsonl",
    "config.toml",
]
_TYPES: dict[Rendering, str] = {
    "report.json": "application/json",
    "report.md": "text/markdown; charset=utf-8",
    "report.html": "text/html; charset=utf-8",
    "models.md": "text/markdown; charset=utf-8",
    "models.html": "text/html; charset=utf-8",
    "points.csv": "text/csv; charset=utf-8",
    "requests.csv": "text/csv; charset=utf-8",
    "requests.parquet": "application/vnd.apache.parquet",
    "quality.jsonl": "application/jsonl",
    "config.toml": "application/toml",
}
_PAGES = frozenset({"report.html", "models.html"})
_INLINE = _PAGES | {"report.json", "report.md", "models.md"}


@router.get(
    "/{run}/{rendering}",
    response_class=FileResponse,
    responses={**answers(404), 200: {"content": {kind: {} for kind in _TYPES.values()}, "description": "The file"}},
)
def report(run: RunId, rendering: Rendering, settings: SettingsNow, store: StoreNow) -> FileResponse:
    """A file of the run folder. The page has scripts, and is shown in a sandbox."""
    row = known(store, run)
    path = _path(settings.data, row.folder, rendering)
    if path is None:
        raise Refused(404, f"The run {run} is {row.state} and has no {rendering}.")
    return FileResponse(
        path,
        media_type=_TYPES[rendering],
        filename=f"{run}-{rendering}",
        content_disposition_type="inline" if rendering in _INLINE else "attachment",
        headers={"Content-Security-Policy": REPORTS} if rendering in _PAGES else None,
    )


def _path(data: Path, folder: str | None, rendering: str) -> Path | None:
    if folder is None:
        return None
    root = data.resolve()
    path = (root / folder / rendering).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None
