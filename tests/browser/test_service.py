"""The results service in a real browser: a run from the form to its report, comparisons, a phone, the dark, and strangers' texts.

Pictures of what was seen go where support.chromium says.
"""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.chromium import NEEDED, Browser, browsing, sync_api
from support.command import environment, started
from support.simulator import running_simulator
from support.workers import free_port

from service.safety.tokens import make

expect = sync_api.expect
pytestmark = [*NEEDED, pytest.mark.timeout(240)]

SERVER = ("--ttft", "0.1", "--itl", "0.01", "--tokens", "12")
SECRET = "sk-never-to-be-shown"
PATIENCE_MS = 60_000
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
HOSTILE = (
    '<script>window.hacked = 1</script>"><img src=x onerror="window.hacked = 2">'
    "</pre><script>window.hacked = 3</script>\u202egpj.exe " + "x" * 5_000
)
HOSTILE_REPORT = """<!DOCTYPE html><title>hostile</title><p id="told">nothing</p><script>
const told = [];
try { parent.document.title = "hacked"; told.push("parent"); } catch { }
try { localStorage.setItem("a", "b"); told.push("storage"); } catch { }
fetch("/runs").then(() => told.push("fetch")).catch(() => {}).finally(() => {
  try { top.location = "https://evil.example/"; told.push("top"); } catch { }
  document.getElementById("told").textContent = "reached: " + told.join(" ");
});
</script>"""


class Pages(Browser):
    def look(self, page, name):
        """Take its picture in light, in the dark and on a phone, where nothing may stand out sideways."""
        page.screenshot(path=self.pictures / f"service-{name}-light.png", full_page=True)
        light = colour(page)
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=self.pictures / f"service-{name}-dark.png", full_page=True)
        assert brightness(colour(page)) < 0.2 < 0.8 < brightness(light)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.screenshot(path=self.pictures / f"service-{name}-phone.png", full_page=True)
        page.set_viewport_size(DESK)


def colour(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def brightness(colour):
    """0 to 1, of `rgb(r, g, b)`."""
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")) / 765


@pytest.fixture
def browser(tmp_path) -> Iterator[Pages]:
    with browsing(Pages, tmp_path, DESK, PATIENCE_MS) as pages:
        yield pages


@dataclass(frozen=True)
class Service:
    """One that listens, and a server for it to measure."""

    url: str
    target: str
    data: Path

    def ask(self, path, body=None, **headers):
        """The JSON that is answered."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Accept": "application/json", "Content-Type": "application/json", **headers}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def service(tmp_path, *words, **variables) -> Iterator[Service]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    data = tmp_path / "data"
    command = ("llocust", "serve", "--port", str(port), "--data", str(data), *words)
    with (
        running_simulator(*SERVER, env=environment()) as simulator,
        started(*command, cwd=tmp_path, **variables) as process,
    ):
        await_listening(url, process)
        yield Service(url, simulator.url, data)
        process.terminate()
        process.communicate(timeout=30)


def await_listening(url, process):
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The service did not start (exit {process.poll()}).")


def fill(page, **fields):
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)


def start(page):
    page.get_by_role("button", name="Start", exact=True).click()


def run_of(page):
    return page.url.rpartition("/")[2].partition("#")[0]


def start_run(page, there, **fields):
    """Start a run from the form, and wait on its page until it is over."""
    page.goto(f"{there.url}/ui/start")
    fill(page, **({"host": there.target, "users": "2", "run_time": "2s"} | fields))
    start(page)
    page.wait_for_url("**/ui/runs/2*")
    expect(page.locator("iframe.report")).to_be_visible()
    return run_of(page)


def test_from_the_form_to_the_report(tmp_path, browser):
    with service(tmp_path) as there:
        page = browser.open(there.url)
        assert page.url == f"{there.url}/ui/runs"
        expect(page.get_by_text("There are no runs yet.")).to_be_visible()
        browser.look(page, "empty")

        page.get_by_role("link", name="Start a run", exact=True).first.click()
        fill(page, host=there.target, users="2 four", run_time="soon", api_key=SECRET)
        start(page)
        expect(page.get_by_text("'four' is no whole number of one or more.")).to_be_visible()
        expect(page.locator("#run_time")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#users")).to_have_value("2 four")
        expect(page.locator("#api_key")).to_have_value("")
        browser.look(page, "mistakes")

        # A mistake that only the sweep itself knows.
        fill(page, users="2 4", run_time="3s", slo="wit=1s", api_key=SECRET, name="first", desc="By hand")
        start(page)
        expect(page.locator(".field:has(#slo) .mistake")).to_be_visible()
        fill(page, slo="ttft=500ms", api_key=SECRET)
        start(page)
        page.wait_for_url("**/ui/runs/2*")
        browser.complaints.clear()  # what chromium says of a form that comes back with 422
        run = run_of(page)
        seen = watch(page)
        browser.look(page, "live")
        listed = browser.open(f"{there.url}/ui/runs")
        expect(listed.locator('[data-show="phase"]')).to_contain_text("Point")
        browser.look(listed, "list-live")
        assert sorted(seen) == seen
        assert len(set(seen)) >= 5, seen

        frame = page.frame_locator("iframe.report")
        expect(page.locator("iframe.report")).to_be_visible()
        page.locator("iframe.report").scroll_into_view_if_needed()
        expect(frame.get_by_text("By hand").first).to_be_visible()
        expect(frame.locator(".chart svg").first).to_be_attached()
        browser.look(page, "run")
        expect(listed.locator('[data-show="state"]')).to_have_text("done")

        page.get_by_role("link", name="Every request").click()
        expect(page.locator("article.result").first).to_be_visible()
        browser.look(page, "results")
        row = there.ask(f"/runs/{run}")
        assert (row["state"], row["name"], row["users"]) == ("done", "first", [2, 4])
        assert_nowhere(SECRET, there, run)
        assert browser.complaints == []


def watch(page):
    """The bar of progress, as it was seen to move, until it is past its half."""
    bar = page.locator("main progress")
    seen = [0.0]
    until_s = time.monotonic() + 60
    while seen[-1] < 0.5 and time.monotonic() < until_s:
        seen.append(float(bar.evaluate("each => each.value")))
        page.wait_for_timeout(200)
    expect(page.locator('[data-show="counts"]')).to_contain_text("/ 0")
    return seen


def assert_nowhere(secret, there, run):
    """Neither shown, nor in any file of the service's."""
    for path in (f"/runs/{run}", "/runs", f"/ui/runs/{run}", "/ui/start"):
        with urllib.request.urlopen(there.url + path, timeout=10) as answer:
            assert secret.encode() not in answer.read()
    found = [path for path in there.data.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert found == []


def test_runs_are_compared_and_followed_over_time(tmp_path, browser):
    with service(tmp_path) as there:
        page = browser.open(f"{there.url}/ui/runs")
        runs = [start_run(page, there, name=name, users="2 4") for name in ("before", "after")]
        page.goto(f"{there.url}/ui/runs")
        for box in page.locator("input[name=run]").all():
            box.check()
        browser.look(page, "list")
        page.get_by_role("button", name="Compare those marked").click()
        expect(page.get_by_role("heading", name="4 users")).to_be_visible()
        assert page.locator("td small.mono").all_inner_texts() == runs
        assert page.locator("main table").count() >= 3
        browser.look(page, "compare")
        page.get_by_role("link", name="whole comparison").click()
        expect(page.get_by_role("heading", name="What is not the same")).to_be_visible()

        page.goto(f"{there.url}/ui/trend")
        expect(page.locator("figure svg")).to_have_count(2)
        assert page.locator("svg circle").count() == 6  # p50, p95 and the throughput of two runs
        browser.look(page, "trend")
        page.locator("figure").last.locator("svg a").first.click()
        page.wait_for_url(f"**/ui/runs/{runs[0]}")
        page.goto(f"{there.url}/docs")
        browser.look(page, "api")
        assert browser.complaints == []


def test_a_run_is_cancelled_by_hand(tmp_path, browser):
    with service(tmp_path) as there:
        page = browser.open(f"{there.url}/ui/start")
        fill(page, host=there.target, users="2", run_time="10m", name="long")
        start(page)
        expect(page.locator('[data-show="phase"]')).to_contain_text("window")
        page.get_by_role("button", name="Cancel the run").click()
        expect(page.get_by_text("The run was cancelled: what there is was reported.")).to_be_visible()
        expect(page.locator("iframe.report")).to_be_visible()
        assert browser.complaints == []


def test_texts_of_strangers_do_nothing(tmp_path, browser):
    with service(tmp_path) as there:
        page = browser.open(f"{there.url}/ui/runs")
        made = start_run(page, there, desc=HOSTILE[:100])
        run = import_hostile(there, made)
        for path in ("/ui/runs", f"/ui/runs/{run}", f"/ui/runs/{run}/results", f"/ui/runs?text={'%3Cscript%3E'}"):
            page.goto(there.url + path)
            assert page.evaluate("window.hacked") is None
            assert page.evaluate("document.documentElement.scrollWidth") <= DESK["width"]
        page.goto(f"{there.url}/ui/runs/{run}/results")
        for shown in page.locator("article.result").first.locator("pre").all():
            assert shown.inner_text().removeprefix("user: ") == HOSTILE.replace("\u202e", "⟨U+202E⟩")
        browser.look(page, "hostile")
        assert browser.complaints == []

        (report,) = (there.data / "imports").rglob("report.html")
        report.write_text(HOSTILE_REPORT)
        page.goto(f"{there.url}/ui/runs/{run}")
        page.locator("iframe.report").scroll_into_view_if_needed()
        told = page.frame_locator("iframe.report").locator("#told")
        expect(told).to_contain_text("reached:")
        assert told.inner_text() == "reached:"
        assert page.title() != "hacked"
        assert page.url == f"{there.url}/ui/runs/{run}"
        # By itself it is in the same sandbox.
        page.goto(f"{there.url}/runs/{run}/report.html")
        assert page.evaluate("origin") == "null"


def import_hostile(there, run):
    """A copy of a run folder in which everything that can be text is hostile; the service's id of it."""
    (made,) = (path.parent for path in (there.data / "runs" / run / "output").glob("2*/run.json"))
    folder = shutil.copytree(made, there.data / "imports" / "hostile")
    manifest = json.loads((folder / "run.json").read_text())
    for key in ("name", "description", "model"):
        manifest[key] = HOSTILE
    (folder / "run.json").write_text(json.dumps(manifest))
    for path in folder.rglob("records-*.jsonl"):
        records = [json.loads(line) | {"text": HOSTILE, "fault": HOSTILE} for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    prompts = [json.loads(line) | {"text": HOSTILE} for line in (folder / "prompts.jsonl").read_text().splitlines()]
    (folder / "prompts.jsonl").write_text("".join(json.dumps(prompt) + "\n" for prompt in prompts))
    return there.ask("/runs/import", {"path": "hostile"})["id"]


def test_a_token_is_typed_once(tmp_path, browser):
    made = {scope: make(scope) for scope in ("read", "run")}
    tokens = " ".join(each.entry for each in made.values())
    with service(tmp_path, "--allow-target", "127.0.0.1", LLOCUST_TOKENS=tokens) as there:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            there.ask("/runs")
        page = browser.open(f"{there.url}/ui/trend")
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        browser.look(page, "login")
        log_in(page, "llocust_wrong")
        expect(page.get_by_text("This is none of the tokens of this service.")).to_be_visible()
        browser.complaints.clear()  # the 403 itself
        log_in(page, made["run"].token)
        page.wait_for_url("**/ui/trend")
        assert page.evaluate("document.cookie") == ""
        run = start_run(page, there)
        expect(page.frame_locator("iframe.report").get_by_text("What was run")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        page.goto(f"{there.url}/ui/runs/{run}")
        log_in(page, made["read"].token)
        page.wait_for_url(f"**/ui/runs/{run}")
        expect(page.get_by_text("read (reads only)")).to_be_visible()
        assert page.get_by_role("link", name="Start a run").count() == 0
        assert browser.complaints == []


def log_in(page, token):
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()


def test_the_keyboard_is_enough(tmp_path, browser):
    with service(tmp_path) as there:
        page = browser.open(f"{there.url}/ui/start")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "To the content"
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        names = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            names.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert names >= {"host", "model", "dialect", "api_key", "testset", "users", "slo", "name", "desc", "Start"}
        unnamed = "[...document.querySelectorAll('input, select, textarea')].filter(each => !each.labels.length).length"
        assert page.evaluate(unnamed) == 0
        assert browser.complaints == []


def test_the_demo_has_samples_and_a_server_for_the_form(tmp_path, browser):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with started("llocust", "serve", "--demo", "--port", str(port), cwd=tmp_path, TMPDIR=str(tmp_path)) as process:
        await_listening(url, process)
        page = browser.open(url)
        expect(page.get_by_role("link", name="sample-1")).to_be_visible()
        expect(page.locator('[data-show="state"]').last).to_have_text("done")
        page.goto(f"{url}/ui/start")
        fill(page, users="1", requests="3")
        start(page)
        page.wait_for_url("**/ui/runs/2*")
        expect(page.get_by_role("heading", name="Now")).to_be_visible()
        assert len(list(tmp_path.glob("llocust-demo-*"))) == 1
        process.terminate()
        process.communicate(timeout=60)
    assert list(tmp_path.glob("llocust-demo-*")) == []
    left = subprocess.run(["pgrep", "-f", f"work-dir={tmp_path}"], capture_output=True, text=True, check=False)
    assert left.stdout == ""
