"""What this is, for programs."""

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from harness import __version__
from service.errors import answers

router = APIRouter(tags=["service"])


class About(BaseModel):
    """What answers here, and where to begin."""

    name: str = "llocust"
    version: str = __version__
    description: str = "Benchmarks of LLM inference servers over HTTP, and a store that keeps every result."
    calls: dict[str, str] = {
        "POST /benchmark": "measure an endpoint, and answer when the run is over",
        "POST /runs": "ask for a run, with all that `llocust sweep --config` takes",
        "GET /runs": "the runs",
        "GET /results": "every request of every run",
        "GET /results/average": "averages over requests",
        "GET /compare": "two runs side by side",
        "GET /health": "whether all is well",
        "GET /openapi.json": "all calls, as a schema",
    }


@router.get("/", response_model=About, responses=answers())
def about(accept: Annotated[str, Header(max_length=1_000)] = "application/json") -> About | RedirectResponse:
    """What this is; a browser is led to the pages."""
    return RedirectResponse("/ui/runs", 303) if "text/html" in accept else About()
