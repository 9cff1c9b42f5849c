"""The routes beside Locust's own, asked by Flask's test client: no socket is opened."""

import json
import sys

import pytest
from flask_login import UserMixin, login_user
from locust import User
from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments
from locust.env import Environment
from locust.event import Events
from locust.web import WebUI
from support.plans import plan

from harness.live import Counts, Slice
from harness.swarm.plan import set_plan
from harness.swarm.web.form import Gate, guard_form
from harness.swarm.web.library import Library
from harness.swarm.web.pages import add_pages
from harness.swarm.web.post import KEY, collect
from harness.swarm.web.show import Show
from harness.swarm.web.tab import add_tab, table

SECRET = "sk-never-to-be-shown"
RUN = "20260131T120000Z-locust"
ROUTES = (
    "/llm",
    *(f"/llm/{name}" for name in ("page.css", "page.js", "charts.js", "tables.js", "words.js", "tab.js")),
    "/llm/vega.js",
    "/llm/data",
    f"/llm/report/{RUN}",
)


class House:
    """Stands in for the real one: prepares nothing, and says what it was told to say."""

    def __init__(self, environment):
        self.environment = environment
        self.why = None
        self.asked = []

    def get_ready(self):
        self.asked.append((self.environment.host, self.environment.parsed_options.max_tokens))
        return self.why


class Idle(User):
    host = "http://127.0.0.1:1"


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["locust"])
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    parser = get_empty_argument_parser()
    setup_parser_arguments(parser)
    options = parser.parse_args([])
    options.max_tokens, options.web_base_path = None, None
    made = Environment(user_classes=[Idle], events=Events(), parsed_options=options, host="http://127.0.0.1:1")
    made.create_local_runner()
    return made


class Site:
    def __init__(self, environment, **ui):
        self.environment = environment
        self.ui = WebUI(environment, "127.0.0.1", 0, delayed_start=True, **ui)
        self.ui.app.secret_key = "for tests"
        self.house = House(environment)
        self.show = Show(environment)
        collect(environment, self.show)
        guard_form(self.ui, self.house)
        self.library = Library()
        add_pages(self.ui, self.show, self.library)
        add_tab(self.ui, self.show)
        self.client = self.ui.app.test_client()

    def get(self, route):
        """Status, headers and text of an answer."""
        with self.client.get(route) as answer:
            return answer.status_code, answer.headers, answer.text

    def start(self, **fields):
        return self.client.post("/swarm", data={"user_count": "1", "spawn_rate": "1", **fields}).get_json()


@pytest.fixture
def site(environment):
    return Site(environment)


@pytest.fixture
def run(site, tmp_path):
    """A run with one slice on its page."""
    made = plan(tmp_path, RUN, SECRET)
    set_plan(site.environment, made)
    counts = Counts(outcomes={"ok": 2, "cut": 1})
    counts.ttft_s.add([0.25])
    piece = Slice(
        run=RUN, point=1, phase="window", begin_ns=0, end_ns=2_000_000_000, chars=600, in_flight=3, counts=counts
    )
    site.show.take("local", [piece])
    return made


@pytest.mark.parametrize("route", ROUTES)
def test_routes_are_there(site, run, route, monkeypatch):
    monkeypatch.setattr("harness.swarm.web.library.Library.script", lambda self: b"var vega;")
    (run.folder / "report.html").write_text("<p>report</p>")
    status, headers, text = site.get(route)
    assert status == 200
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert SECRET not in text


@pytest.mark.parametrize("route", ROUTES)
def test_routes_are_behind_the_login(environment, route):
    site = Site(environment, web_login=True)
    site.ui.login_manager.user_loader(lambda name: None)
    answer = site.client.get(route)
    assert answer.status_code == 302
    assert "/login" in answer.headers["Location"]


def test_who_has_logged_in_sees_them(environment):
    class Somebody(UserMixin):
        id = "somebody"

    site = Site(environment, web_login=True)
    site.ui.login_manager.user_loader(lambda name: Somebody())
    site.ui.app.add_url_rule("/enter", "enter", lambda: (login_user(Somebody()), "in")[1])
    site.client.get("/enter")
    assert site.client.get("/llm/data").status_code == 200


def test_a_form_that_nobody_logged_in_for_prepares_nothing(environment):
    site = Site(environment, web_login=True)
    site.ui.login_manager.user_loader(lambda name: None)
    assert site.client.post("/swarm", data={"user_count": "1", "spawn_rate": "1"}).status_code == 302
    assert site.house.asked == []


def test_the_base_path_goes_before(environment):
    environment.parsed_options.web_base_path = "/locust"
    site = Site(environment, web_base_path="/locust")
    assert site.client.get("/locust/llm").status_code == 200
    assert site.client.get("/llm").status_code == 404


def test_the_page_runs_no_script_but_its_own(site):
    answer = site.client.get("/llm")
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    assert "<script>" not in answer.text
    assert "//" not in answer.text.replace("<!DOCTYPE", "")


def test_before_a_run_there_is_none(site):
    assert site.client.get("/llm/data").get_json() == {"state": "ready", "run": None}


def test_numbers(site, run):
    told = site.client.get("/llm/data").get_json()
    assert told["run"]["id"] == RUN
    assert told["run"]["points"] == [{"index": 1, "users": 3, "state": "running"}]
    assert told["phase"] == {"point": 1, "name": "window"}
    assert told["window"]["ttft_s_p50"] == pytest.approx(0.25, rel=0.01)
    assert (told["total"]["ok"], told["total"]["failed"], told["total"]["chars_per_s"]) == (2, 1, 300)
    assert told["relative_error"] == 0.01


def test_no_number_of_rows_breaks_the_answer(site, run):
    assert site.client.get("/llm/data?recent_after=all&whole_after=1e9").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "other",
        "..",
        "%2e%2e",
        "../run.json",
        "..%2frun.json",
        "%2Fetc%2Fpasswd",
        f"{RUN}/../../run.json",
        f"{RUN}%00",
        "",
    ],
)
def test_the_report_route_knows_runs_and_no_paths(site, run, name):
    (run.folder / "report.html").write_text("report")
    (run.folder / "run.json").write_text("manifest")
    status, _, text = site.get(f"/llm/report/{name}")
    assert status in (404, 308)
    assert text not in ("report", "manifest")


def test_a_report_is_none_making_ready_or_missing(site, run, monkeypatch):
    def state():
        return site.client.get("/llm/data").get_json()["report"]

    assert state() == "none"
    run.manifest.state = "done"
    assert state() == "making"
    assert not site.client.get("/llm/data").get_json()["final"]
    assert site.client.get(f"/llm/report/{RUN}").status_code == 404
    monkeypatch.setattr("harness.swarm.web.show.REPORT_LIMIT_NS", 0)
    monkeypatch.setattr("harness.swarm.web.show.QUIET_NS", 0)
    assert site.client.get("/llm/data").get_json()["final"]
    assert state() == "missing"
    (run.folder / "report.html").write_text("the report")
    assert state() == "ready"
    assert site.get(f"/llm/report/{RUN}")[2] == "the report"


def test_a_new_run_begins_anew(site, run, tmp_path):
    other = plan(tmp_path, "later")
    set_plan(site.environment, other)
    told = site.client.get("/llm/data").get_json()
    assert (told["run"]["id"], told["total"]["ok"]) == ("later", 0)
    # The report of the run before stays where it was.
    (run.folder / "report.html").write_text("earlier")
    assert site.get(f"/llm/report/{RUN}")[2] == "earlier"


def test_reset_begins_the_figures_anew(site, run):
    assert site.client.post("/stats/reset").status_code == 200
    told = site.client.get("/llm/data").get_json()
    assert told["total"]["ok"] == 0
    assert told["window"]["ok"] == 2


def test_slices_of_workers_come_with_their_reports(site, run):
    import msgspec

    piece = Slice(run=RUN, point=1, phase="window", begin_ns=0, end_ns=1, counts=Counts(outcomes={"ok": 5}))
    site.environment.events.worker_report.fire(client_id="w", data={KEY: msgspec.msgpack.encode([piece])})
    assert site.client.get("/llm/data").get_json()["total"]["ok"] == 7


def test_a_report_that_cannot_be_read_is_said_and_left(site, run, caplog):
    for strange in (b"\xc1", b"\x90\x90", "text", 7):
        site.environment.events.worker_report.fire(client_id="w", data={KEY: strange})
    assert "The live figures of worker w cannot be read" in caplog.text
    assert site.client.get("/llm/data").get_json()["total"]["ok"] == 2


def test_locusts_page_has_the_tab_the_link_and_the_script(site):
    text = site.client.get("/").text
    assert '"extended_tabs": [{"key": "llm", "title": "LLM"}]' in text
    assert '<script src="./llm/tab.js" defer></script></head>' in text
    assert '"href": "./llm"' in text
    assert SECRET not in text


def test_locusts_statistics_have_the_table_and_all_they_had(site, run):
    told = json.loads(site.client.get("/stats/requests").data)
    assert {"stats", "errors", "state", "user_count", "total_rps"} <= set(told)
    (extended,) = told["extended_stats"]
    assert extended["key"] == "llm"
    rows = {row["name"]: row for row in extended["data"]}
    assert rows["TTFT p50, ms"]["window"] == "249"  # a bucket's value, within 1 % of 250
    assert rows["Requests ok"] == {"name": "Requests ok", "window": "2", "total": "2"}
    assert rows["ITL p50, ms"]["total"] == "–"


def test_locusts_page_is_told_of_a_start_at_once(site, run):
    assert site.client.get("/stats/requests").get_json()["state"] == "ready"
    site.environment.runner.state = "spawning"
    assert site.client.get("/stats/requests").get_json()["state"] == "spawning"


def test_the_table_without_a_run_is_empty_of_figures():
    assert {row["window"] for row in table({"run": None})} == {"–"}


def test_a_good_form_starts(site, monkeypatch):
    started = []
    monkeypatch.setattr(site.environment.runner, "start", lambda *given: started.append(given))
    told = site.start(max_tokens="12", host="http://127.0.0.1:2")
    site.ui._swarm_greenlet.join()
    assert told["success"] is True
    assert site.house.asked == [("http://127.0.0.1:2", "12")]
    assert started == [(1, 1.0)]


def test_a_refusal_is_a_sentence_and_starts_nothing(site, monkeypatch):
    monkeypatch.setattr(site.environment.runner, "start", lambda *given: pytest.fail("started"))
    site.house.why = "--max-tokens 'lots': give a whole number of one or more."
    told = site.start(max_tokens="lots", host="http://127.0.0.1:2")
    assert (told["success"], told["message"]) == (False, site.house.why)
    assert site.environment.host == "http://127.0.0.1:1"
    assert site.environment.parsed_options.max_tokens is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"user_count": "many"}, "Number of users 'many': give a whole number of one or more."),
        ({"user_count": "0"}, "Number of users '0': give a whole number of one or more."),
        ({"user_count": "-3"}, "Number of users '-3': give a whole number of one or more."),
        ({"spawn_rate": "inf"}, "Ramp up 'inf': give users per second, above zero."),
        ({"spawn_rate": "x"}, "Ramp up 'x': give users per second, above zero."),
        ({"run_time": "0"}, "Run time '0': give a time such as 20, 20s, 3m, 2h or 1h20m."),
        ({"run_time": "soon"}, "Run time 'soon': give a time such as 20, 20s, 3m, 2h or 1h20m."),
    ],
)
def test_locusts_own_fields_are_looked_at_before_anything_is_made(site, fields, said):
    told = site.start(**fields)
    assert (told["success"], told["message"]) == (False, said)
    assert site.house.asked == []


def test_a_change_of_users_prepares_nothing(site, monkeypatch):
    monkeypatch.setattr(site.environment.runner, "start", lambda *given: None)
    monkeypatch.setattr(site.environment.runner, "state", "running")
    assert site.start(user_count="7")["success"] is True
    assert site.house.asked == []


def test_a_sweep_that_is_on_keeps_its_users(site, run, monkeypatch):
    monkeypatch.setattr(site.environment.runner, "start", lambda *given: pytest.fail("started"))
    monkeypatch.setattr(site.environment.runner, "state", "running")
    run.manifest.kind = "sweep"
    told = site.start(user_count="7")
    assert told["success"] is False
    assert told["message"] == "A sweep is on, which has its own user counts: stop it before you set another."


def test_a_sweep_begins_without_users_and_ends_by_itself(site, monkeypatch):
    started = []
    monkeypatch.setattr(site.environment.runner, "start", lambda *given: started.append(given))
    options = site.environment.parsed_options
    options.user_steps, options.num_users = None, 5
    told = site.start(user_count="x", user_steps=" 1 2 4 ", run_time="20s", spawn_rate="3")
    site.ui._swarm_greenlet.join()
    assert told["success"] is True
    assert started == [(0, 1.0)]
    assert site.ui._run_time_greenlet is None  # Locust's timer would cut it off
    # What the house reads, and what the form shows the next time.
    assert (options.user_steps, options.run_time, options.spawn_rate, options.num_users) == (" 1 2 4 ", 20, 3.0, 5)


def test_a_refused_sweep_leaves_no_trace(site):
    options = site.environment.parsed_options
    options.user_steps = None
    site.house.why = "--user-steps 'x': give a whole number of one or more."
    assert site.start(user_steps="x", run_time="20s")["message"] == site.house.why
    assert (options.user_steps, options.run_time) == (None, None)


def test_one_start_at_a_time(site):
    answers = []

    class Slow:
        def get_ready(self):
            answers.append(site.start()["message"])
            return "the first"

    gate = Gate(site.ui, Slow())
    site.ui.app.view_functions["locust.swarm"] = gate.view
    assert site.start()["message"] == "the first"
    assert answers == ["A test is being started already."]
