"""Pages as a browser asks for them: what they show, what they escape, and what they refuse."""

import re
import shutil
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from support.folders import full_window, point, write_run
from support.rows import NOON, row
from support.service import RUN, ended, serving, under_way

from reports.build import build
from reports.load import load
from reports.render import json
from service.pages.site import STATIC
from service.safety.tokens import make, read_tokens
from service.store.nouns import RunRow

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</pre></article><script src=//evil.example></script>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egpj.exe\u2066",
    "javascript:alert(1)",
)
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGES = ("/ui/runs", "/ui/start", "/ui/trend", "/ui/compare", "/docs")


class Seen(HTMLParser):
    """Elements, and whether they are closed in order."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})

    def __init__(self, text):
        super().__init__()
        self.open, self.found, self.troubles = [], [], []
        self.feed(text)
        self.close()
        self.troubles += [f"{tag} is not closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.troubles.append(f"{tag} is closed in the wrong place at {self.getpos()}")

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def page(client, path, status=200, **more):
    """The page, which must be well-formed and keep to what the policy allows."""
    answer = client.get(path, headers=BROWSER, **more)
    assert answer.status_code == status, answer.text
    return checked(answer)


def checked(answer):
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    seen = Seen(answer.text)
    assert seen.troubles == []
    for tag, attributes in seen.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in ("href", "src", "action"):
            address = attributes.get(name, "/")
            assert re.match(r"/(?!/)|#|data:,$|\?", address), address
    assert seen.all("script") == [{"src": "/static/live.js", "defer": None}]
    ids = [attributes["id"] for _, attributes in seen.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    # With `no-referrer` a browser names no origin when it sends a form, and would be turned away.
    assert answer.headers["referrer-policy"] == "same-origin"
    return answer.text


def store_of(client):
    return client.app.state.store


def add_run(client, number=1, **fields):
    given = {"id": f"20260131T12000{number}000Z-aaaaaa", "submitted": NOON + timedelta(seconds=number), "state": "done"}
    run = RunRow(**(given | fields))
    store_of(client).add_run(run)
    return run


def reported(client, folder, number=1, users=8, **fields):
    """A run with a folder, as if it had been made."""
    made = write_run(folder, full_window(users), point(users=users), **fields.pop("manifest", {}))
    (made / "report.json").write_bytes(json.render(build(load(made))))
    figures = {"points": [{"index": 1, "users": users, "verdict": "trusted", "ttft_p50_s": 0.01 * number}]}
    given = {
        "folder": str(made),
        "verdict": "trusted",
        "figures": figures,
        "workload": "w",
        "begun": NOON,
        "model": "tiny",
    }
    return add_run(client, number, **(given | fields))


# Without a run


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_store_has_its_pages(service, path):
    page(service, path)


def test_an_empty_list_leads_on(service):
    assert "There are no runs yet." in page(service, "/ui/runs")
    assert "No run is like that." in page(service, "/ui/runs?text=x&state=")
    assert "Mark two runs or more" in page(service, "/ui/compare")
    assert "No run has been reported yet." in page(service, "/ui/trend")


def test_browsers_are_led_to_the_pages_and_programs_are_not(service):
    answer = service.get("/", headers=BROWSER, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/runs")
    assert service.get("/").json()["name"] == "llocust"
    assert service.get("/ui", follow_redirects=False).headers["location"] == "/ui/runs"


def test_what_is_not_there_is_said_as_a_page(service):
    assert "There is no run nobody." in page(service, "/ui/runs/nobody", 404)
    assert "There is no run nobody." in page(service, "/ui/runs/nobody/results", 404)
    page(service, "/ui/runs?state=odd", 422)
    page(service, "/ui/runs?text=%00", 422)
    page(service, "/static/secret", 404)
    page(service, "/ui/compare?run=nobody", 422)
    page(service, "/ui/compare?run=a&run=b", 404)
    assert "7 runs are too many" in page(service, "/ui/compare?" + "&".join(f"run={n}" for n in range(7)), 422)


@pytest.mark.parametrize("name", ["page.css", "live.js"])
def test_assets_are_ours_and_fetch_nothing(service, name):
    text = service.get(f"/static/{name}").text
    assert text == (STATIC / name).read_text()
    assert not re.search(r"https?:|url\(|@import|innerHTML|eval\(", text)


# The list


def test_the_list_shows_runs_and_pages_on(service):
    for number in range(1, 10):
        add_run(service, number, name=f"run-{number}", model="tiny" if number > 5 else "big")
    text = page(service, "/ui/runs?model=big&state=done")
    assert re.findall(r">(run-\d)</a>", text) == ["run-5", "run-4", "run-3", "run-2", "run-1"]
    assert re.findall(r">(run-\d)</a>", page(service, "/ui/runs?text=RUN-7")) == ["run-7"]


def test_older_runs_are_a_page_further(service):
    for number in range(30):
        add_run(service, id=f"r{number:02}", name=f"run-{number:02}")
    first = page(service, "/ui/runs?text=run&state=")
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
    assert older == "/ui/runs?text=run&amp;cursor=r05"
    second = page(service, older.replace("&amp;", "&"))
    assert re.findall(r">(run-\d\d)</a>", second) == [f"run-{number:02}" for number in (4, 3, 2, 1, 0)]
    assert 'rel="next"' not in second


def test_only_reported_runs_can_be_compared_and_only_live_ones_move(service):
    add_run(service, 1, state="running")
    add_run(service, 2, state="failed", trouble="It failed.")
    add_run(service, 3, verdict="doubtful")
    text = page(service, "/ui/runs")
    assert re.findall(r'name="run" value="(\S+)"', text) == ["20260131T120003000Z-aaaaaa"]
    assert re.findall(r'data-events="(\S+)"', text) == ["/runs/20260131T120001000Z-aaaaaa/events"]
    assert text.count("<progress") == 1


# One run


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("failed", "The run failed."),
        ("interrupted", "The run was interrupted: what there is was reported."),
        ("cancelled", "The run was cancelled."),
    ],
)
def test_a_run_that_did_not_go_well_says_why(service, state, sentence):
    run = add_run(service, state=state, trouble="--users 0: give more.")
    text = page(service, f"/ui/runs/{run.id}")
    assert sentence in text
    assert "--users 0: give more." in text
    assert "<iframe" not in text


def test_a_run_that_waits_can_be_cancelled(service):
    run = add_run(service, state="queued")
    text = page(service, f"/ui/runs/{run.id}")
    assert "It waits for its turn." in text
    assert f'action="/ui/runs/{run.id}/cancel"' in text
    assert f'data-events="/runs/{run.id}/events"' in text


def test_a_report_is_shown_in_a_frame_that_may_do_nothing_here(service, tmp_path):
    run = service.post("/runs", json=RUN).json()["id"]
    assert ended(service, run)["state"] == "done"
    text = page(service, f"/ui/runs/{run}")
    (frame,) = Seen(text).all("iframe")
    assert frame["sandbox"] == "allow-scripts"
    assert frame["src"] == f"/runs/{run}/report.html"
    answer = service.get(frame["src"])
    assert answer.text == "<script>1</script>"
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert [each for each in ("report.json", "report.html") if f'href="/runs/{run}/{each}"' not in text] == []
    assert "requests.parquet" not in text  # the stub makes none
    assert "too_few_requests" in text
    assert "1 user" in text


def test_a_report_that_cannot_be_read_leaves_the_page(service, tmp_path):
    run = reported(service, tmp_path / "made")
    (tmp_path / "made" / "report.json").write_text("{")
    assert "The run is" in page(service, f"/ui/runs/{run.id}")
    shutil.rmtree(tmp_path / "made")
    page(service, f"/ui/runs/{run.id}")


def test_a_run_is_cancelled_from_its_page(service):
    run = service.post("/runs", json=RUN | {"desc": "wait"}).json()["id"]
    under_way(service, run)
    answer = service.post(f"/ui/runs/{run}/cancel", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/ui/runs/{run}")
    assert ended(service, run)["state"] == "cancelled"
    assert "The run is cancelled by now" in checked(service.post(f"/ui/runs/{run}/cancel"))


# Results


def test_results_show_prompt_and_answer(service):
    run = add_run(service, figures={"points": [{"index": 1, "users": 8}]})
    rows = [row(number, number, run=run.id, point=1, outcome="ok" if number else "cut") for number in range(30)]
    store_of(service).add_results(rows)
    text = page(service, f"/ui/runs/{run.id}/results")
    assert text.count("<article") == 25
    assert "Why is the sky blue?" in text
    assert "30 requests" in text
    (older,) = re.findall(r'href="([^"]+)" rel="next"', text)
    assert page(service, older.replace("&amp;", "&")).count("<article") == 5
    assert page(service, f"/ui/runs/{run.id}/results?outcome=cut&phase=&point=1").count("<article") == 1
    assert "No request is like that." in page(service, f"/ui/runs/{run.id}/results?phase=settle")
    page(service, f"/ui/runs/{run.id}/results?cursor=odd", 422)


def test_texts_that_were_not_kept(service):
    run = add_run(service)
    store_of(service).add_results(
        [row(1, run=run.id, prompt_text=None, generated_text=None), row(2, run=run.id, generated_text="")]
    )
    text = page(service, f"/ui/runs/{run.id}/results")
    assert "It was not kept." in text
    assert "It was not kept, or there was none." in text
    assert "It is empty." in text


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 100_000])
def test_hostile_text_is_shown_and_does_nothing(service, tmp_path, text):
    run = reported(
        service,
        tmp_path / "made",
        name=text,
        description=text,
        model=text,
        host=text,
        options={text: text},
        trouble=text,
    )
    store_of(service).add_results([row(1, run=run.id, prompt_text=text, generated_text=text, model=text)])
    for path in (
        "/ui/runs",
        f"/ui/runs/{run.id}",
        f"/ui/runs/{run.id}/results",
        "/ui/trend",
        f"/ui/compare?run={run.id}&run={reported(service, tmp_path / 'b', 2, name=text).id}",
    ):
        shown = page(service, path)
        assert "\u202e" not in shown
        assert "<script>alert" not in shown
        assert "<img" not in shown
    if "\u202e" in text:
        assert "⟨U+202E⟩gpj.exe⟨U+2066⟩" in page(service, f"/ui/runs/{run.id}/results")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_visitor_typed_is_escaped_too(service, text):
    wanted = {"text": text, "model": text}
    page(service, "/ui/runs", params=wanted, status=422 if not text.isprintable() and "\n" in text else 200)
    page(service, "/ui/trend", params={"workload": text, "point": text, "model": text})
    checked(
        service.post("/ui/start", data=dict.fromkeys(("host", "users", "name", "desc", "testset", "dialect"), text))
    )


# Compare and trend


def test_runs_are_compared_with_the_one_that_was_begun_first(service, tmp_path):
    first = reported(service, tmp_path / "a", 1)
    second = reported(service, tmp_path / "b", 2)
    other = reported(service, tmp_path / "c", 3, manifest={"dialect": "messages"})
    text = page(service, f"/ui/compare?run={second.id}&run={first.id}&run={other.id}")
    assert re.findall(r'<small class="mono">(\S+)</small>', text) == [first.id, second.id, other.id]
    assert "8 users" in text
    assert "TTFT p50" in text
    assert "no clear difference" in text
    assert "C cannot be compared with the base." in text
    assert "The runs differ in their dialect (chat and messages); use one API in both." in text
    assert f'href="/compare?base={first.id}&amp;candidate={second.id}"' in text
    turned = page(service, f"/ui/compare?run={first.id}&run={second.id}&base={second.id}")
    assert re.findall(r'<small class="mono">(\S+)</small>', turned) == [second.id, first.id]


def test_a_run_without_results_cannot_be_compared(service, tmp_path):
    first, second = reported(service, tmp_path / "a", 1), add_run(service, 2, name="late", state="queued")
    text = page(service, f"/ui/compare?run={first.id}&run={second.id}")
    assert f"late ({second.id}) is queued and has no results." in text
    (tmp_path / "a" / "run.json").write_text("{")
    third = reported(service, tmp_path / "c", 3)
    assert "cannot be read" in page(service, f"/ui/compare?run={first.id}&run={third.id}")


def test_a_trend_shows_the_runs_of_a_workload(service, tmp_path):
    runs = [reported(service, tmp_path / str(n), n, name=f"run-{n}", begun=NOON + timedelta(days=n)) for n in (1, 2, 3)]
    add_run(service, 4, name="other", workload="v", verdict="trusted")
    text = page(service, "/ui/trend?workload=w")
    assert re.findall(r">(run-\d)</a></td>", text) == ["run-1", "run-2", "run-3"]
    assert text.count("<svg") == 2
    assert text.count("<polyline") == 1  # TTFT p50: nothing else was observed
    assert f'href="/ui/compare?run={runs[0].id}&amp;run={runs[2].id}"' in text
    assert "No run of this workload" in page(service, "/ui/trend?workload=w&point=99 users")
    assert "No run of this workload" in page(service, "/ui/trend?workload=unknown")
    assert re.findall(r"<option[^>]*>(\S+): chat", text) == ["other", "run-3"]


# The form


def filled(**fields):
    return {
        "host": "http://127.0.0.1:9",
        "users": "1 2",
        "run_time": "2s",
        "dialect": "chat",
        "testset": "chat",
    } | fields


def test_a_run_is_started_from_the_form(service):
    answer = service.post("/ui/start", data=filled(name="mine", api_key="sk-secret-1"), follow_redirects=False)
    assert answer.status_code == 303
    run = answer.headers["location"].removeprefix("/ui/runs/")
    row = ended(service, run)
    assert (row["state"], row["name"]) == ("done", "mine")
    assert "sk-secret-1" not in page(service, f"/ui/runs/{run}")


def test_mistakes_come_back_at_their_fields_with_what_was_typed_but_the_key(service):
    answer = service.post("/ui/start", data=filled(users="1 two", desc="<b>x", api_key="sk-secret-1"))
    assert answer.status_code == 422
    text = checked(answer)
    assert "&#39;two&#39; is no whole number of one or more." in text
    assert 'value="1 two"' in text
    assert "&lt;b&gt;x" in text
    assert "sk-secret-1" not in text
    (users,) = (each for each in Seen(text).all("input") if each.get("name") == "users")
    assert users["aria-invalid"] == "true"
    assert service.get("/runs").json()["total"] == 0


def test_what_the_sweep_finds_wrong_comes_back_too(service):
    text = checked(service.post("/ui/start", data=filled(desc="refuse")))
    assert "--users 0: give more." in text
    assert "--model is missing." in text
    assert "http://169.254.169.254" in checked(service.post("/ui/start", data=filled(host="http://169.254.169.254")))


def test_sets_of_the_data_folder_can_be_chosen(service, settings):
    (settings.testsets / "mine").mkdir(parents=True)
    (settings.testsets / "mine" / "own.jsonl").write_text("{}")
    (settings.testsets / ".hidden").write_text("")
    text = page(service, "/ui/start")
    assert '<option value="mine/own.jsonl">' in text
    assert ".hidden" not in text


def test_a_form_of_many_fields_is_none_of_ours(service):
    checked(service.post("/ui/start", content="&".join(f"x{n}=1" for n in range(200))))


# Tokens


@pytest.fixture
def tokens():
    return {scope: make(scope) for scope in ("read", "run")}


@pytest.fixture
def guarded(settings, tokens):
    known = read_tokens(" ".join(made.entry for made in tokens.values()))
    changed = type(settings)(data=settings.data, program=settings.program, tokens=known, allowed_targets=("127.0.0.1",))
    with serving(changed) as client:
        yield client


def log_in(client, token, onward="/ui/runs"):
    return client.post("/login", data={"token": token, "next": onward}, follow_redirects=False)


def test_a_browser_without_a_token_is_asked_for_one(guarded):
    answer = guarded.get("/ui/trend", headers=BROWSER, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fui%2Ftrend")
    text = page(guarded, answer.headers["location"])
    assert 'name="next" value="/ui/trend"' in text
    assert guarded.get("/ui/trend").status_code == 401
    assert guarded.post("/ui/start", headers=BROWSER).status_code == 401


def test_a_stranger_is_led_nowhere(guarded):
    assert "/ui/" not in page(guarded, "/login").replace('href="/ui/runs">llocust', "").replace('value="/ui/runs"', "")


def test_a_token_is_typed_once_and_forgotten_on_leaving(guarded, tokens):
    answer = log_in(guarded, tokens["run"].token, "/ui/trend")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/trend")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age" not in cookie  # gone when the browser is closed
    assert "Log out" in page(guarded, "/ui/runs")
    assert tokens["run"].token not in page(guarded, "/ui/runs")
    guarded.post("/logout")
    assert guarded.get("/ui/runs", headers=BROWSER, follow_redirects=False).status_code == 303


def test_a_wrong_token_lets_nobody_in(guarded):
    answer = log_in(guarded, "llocust_wrong")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "llocust_wrong" not in checked(answer)


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_away_by_logging_in(guarded, tokens, onward):
    assert log_in(guarded, tokens["read"].token, onward).headers["location"] == "/ui/runs"


def test_who_may_read_sees_all_and_starts_nothing(guarded, tokens):
    log_in(guarded, tokens["read"].token)
    run = add_run(guarded, state="running")
    for path in ("/ui/runs", "/ui/trend", "/docs"):
        assert "/ui/start" not in page(guarded, path)
    assert "Cancel the run" not in page(guarded, f"/ui/runs/{run.id}")
    page(guarded, "/ui/start", 403)
    assert guarded.post("/ui/start", data=filled()).status_code == 403
    assert guarded.post(f"/ui/runs/{run.id}/cancel").status_code == 403
    assert guarded.post("/logout", follow_redirects=False).status_code == 303


def test_who_may_run_starts_a_run(guarded, tokens):
    log_in(guarded, tokens["run"].token)
    assert service_started(guarded)


def service_started(client):
    answer = client.post("/ui/start", data=filled(), follow_redirects=False)
    run = answer.headers["location"].removeprefix("/ui/runs/")
    client.headers["accept"] = "application/json"
    return ended(client, run)["state"] == "done"


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_forms_of_other_pages_are_turned_away(guarded, tokens, headers):
    log_in(guarded, tokens["run"].token)
    assert guarded.post("/ui/start", data=filled(), headers=headers).status_code == 403


def test_without_tokens_nobody_is_asked(service):
    assert service.get("/login?next=/docs", follow_redirects=False).headers["location"] == "/docs"
    assert "Log out" not in page(service, "/ui/runs")


# The API page


def test_every_call_is_on_the_api_page(service):
    text = page(service, "/docs")
    document = service.get("/openapi.json").json()
    shown = re.findall(r'<span class="method">(\w+)</span> <code>(\S+)</code>', text)
    assert sorted(shown) == sorted(
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    )
    assert not any(path.startswith(("/ui", "/login", "/static", "/docs")) for _, path in shown)
    anchors = {f"#{attributes['id']}" for _, attributes in Seen(text).found if "id" in attributes}
    links = {attributes["href"] for attributes in Seen(text).all("a")}
    assert {link for link in links if link.startswith("#")} <= anchors
