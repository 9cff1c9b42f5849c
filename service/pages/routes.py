"""All pages, as one router."""

from fastapi import APIRouter

from service.pages import assets, compare, reference, run, runs, session, start, trend

router = APIRouter(include_in_schema=False)
for _module in (runs, start, run, compare, trend, reference, session, assets):
    router.include_router(_module.router)
