"""Locust's start form, checked on the server: what is wrong comes back to it as a sentence, and nothing is started.

Locust writes what the form sends into its parsed options without asking anyone. So before its own view is called, the
run is prepared with the form's values, up to its folder; where it cannot be, the options are put back as they were.
"""

import math
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from flask import Response, jsonify, request
from locust.env import Environment
from locust.runners import STATE_INIT, STATE_STOPPED
from locust.util.timespan import parse_timespan
from locust.web import WebUI
from werkzeug.datastructures import ImmutableMultiDict

from harness.options import OPTIONS
from harness.swarm.plan import current_plan

STEPS = "user_steps"
"""The field of a sweep."""

_IDLE = frozenset({STATE_INIT, STATE_STOPPED})
_OURS = frozenset({STEPS, *(option.key for option in OPTIONS if not option.locusts)})


class Preparing(Protocol):
    """What of the house the form needs."""

    def get_ready(self) -> str | None:
        """Prepare the next run. Why it cannot begin, in a sentence, or None."""


def guard_form(ui: WebUI, house: Preparing) -> None:
    """Put the check before Locust's own view of /swarm."""
    assert ui.app is not None
    ui.app.view_functions["locust.swarm"] = ui.auth_required_if_enabled(Gate(ui, house).view)


class Gate:
    """Stands before Locust's view, and lets one start through at a time."""

    def __init__(self, ui: WebUI, house: Preparing) -> None:
        assert ui.app is not None
        self._app = ui.app
        self._start = ui.app.view_functions["locust.swarm"]
        self._environment = ui.environment
        self._house = house
        self._busy = False

    def view(self) -> Response:
        """What is answered in place of Locust's view."""
        runner = self._environment.runner
        if runner is None or runner.state not in _IDLE:
            return self._change()
        if self._busy:
            return self._refuse("A test is being started already.")
        self._busy = True
        try:
            why = mistake(request.form) or self._try(request.form)
            return self._refuse(why) if why else self._begin()
        finally:
            self._busy = False

    def _change(self) -> Response:
        """Other users in a run that is on."""
        plan = current_plan(self._environment)
        if plan is not None and plan.manifest.kind == "sweep" and plan.manifest.state == "running":
            return self._refuse("A sweep is on, which has its own user counts: stop it before you set another.")
        return self._through()

    def _try(self, form: Mapping[str, str]) -> str | None:
        with _filled_in(self._environment, form) as keep:
            why = self._house.get_ready()
            if why is None:
                keep()
        return why

    def _begin(self) -> Response:
        if not request.form.get(STEPS, "").strip():
            return self._through()
        # The conductor brings the users, so the test begins without any; and it ends the run itself, in its own time.
        fields = {key: value for key, value in request.form.items() if key != "run_time"}
        request.form = ImmutableMultiDict({**fields, "user_count": "0", "spawn_rate": "1"})
        shown = dict(vars(self._environment.parsed_options or Namespace()))
        answer = self._through()
        for key in ("num_users", "spawn_rate"):
            vars(self._environment.parsed_options or Namespace())[key] = shown.get(key)
        return answer

    def _through(self) -> Response:
        answer: Any = self._start()
        return self._app.make_response(answer)

    def _refuse(self, why: str) -> Response:
        return jsonify({"success": False, "message": why, "host": self._environment.host})


def mistake(form: Mapping[str, str]) -> str | None:
    """What is wrong with Locust's own fields, in a sentence."""
    users = form.get("user_count", "")
    if not form.get(STEPS, "").strip() and (not users.strip().isdecimal() or int(users) == 0):
        return f"Number of users {users!r}: give a whole number of one or more."
    rate = form.get("spawn_rate", "")
    try:
        readable = 0 < float(rate) < math.inf
    except ValueError:
        readable = False
    if not readable:
        return f"Ramp up {rate!r}: give users per second, above zero."
    return _run_time_mistake(form.get("run_time", ""))


def _run_time_mistake(text: str) -> str | None:
    try:
        readable = not text or parse_timespan(text) > 0
    except ValueError:
        readable = False
    return None if readable else f"Run time {text!r}: give a time such as 20, 20s, 3m, 2h or 1h20m."


@contextmanager
def _filled_in(environment: Environment, form: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """The form's values in place of the options there were; these come back unless they are told to be kept."""
    options = environment.parsed_options or Namespace()
    before, host, kept = dict(vars(options)), environment.host, []
    vars(options).update({key: value for key, value in form.items() if key in _OURS})
    vars(options).update({"spawn_rate": float(form["spawn_rate"]), "run_time": _run_time_s(form)})
    environment.host = form.get("host", host)
    try:
        yield lambda: kept.append(True)
    finally:
        if not kept:
            vars(options).update(before)
            environment.host = host


def _run_time_s(form: Mapping[str, str]) -> int | None:
    text = form.get("run_time", "")
    return parse_timespan(text) if text else None
