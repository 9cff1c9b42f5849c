"""The LLM tab: live figures of the run in Locust's web page, and the page with the charts beside it."""

import gevent
from locust.env import Environment
from locust.runners import WorkerRunner

from harness.swarm.web.form import Preparing, guard_form
from harness.swarm.web.library import Library
from harness.swarm.web.pages import add_pages
from harness.swarm.web.post import collect, ship
from harness.swarm.web.sampler import Sampler
from harness.swarm.web.show import Show
from harness.swarm.web.tab import add_tab


def open_web(environment: Environment, house: Preparing | None) -> None:
    """Take part in an environment: as the one that serves the page, or as a worker that tells it what it sees."""
    if isinstance(environment.runner, WorkerRunner):
        ship(environment)
    elif environment.web_ui is not None and house is not None:
        show = Show(environment)
        collect(environment, show)
        Sampler(environment, lambda piece: show.take("local", [piece]))
        guard_form(environment.web_ui, house)
        library = Library()
        gevent.spawn(library.script)  # now, as during a run it would take a core from the load for a second
        add_pages(environment.web_ui, show, library)
        add_tab(environment.web_ui, show)
