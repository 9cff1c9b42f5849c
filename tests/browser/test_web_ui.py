"""The web UI in a real browser: start from the form, watch the tab fill, stop, follow the link to the report.

Pictures of what was seen go where support.chromium says.
"""

import json
import re
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.chromium import NEEDED, Browser, browsing, sync_api
from support.command import environment, latest, started
from support.simulator import running_simulator
from support.workers import free_port

from harness.live import Board, Counts, Slice

expect = sync_api.expect
pytestmark = [*NEEDED, pytest.mark.timeout(120)]

CHAT = Path(__file__).parents[2] / "locustfiles" / "chat.py"
SECRET = "sk-never-to-be-shown"
SERVER = ("--ttft", "0.15", "--itl", "0.01", "--jitter", "0.3", "--tokens", "40", "--fault", "error_503=0.05")
CHARTS = 8
"""Besides that of the errors, of which there may be none."""
ROUTES = ("", "llm", "llm/data", "stats/requests", "stats/report", "exceptions", "logs", "tasks")
PATIENCE_MS = 30_000


class Pages(Browser):
    def picture(self, page, name):
        page.screenshot(path=self.pictures / f"{name}-light.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        if page.locator("#root").count():  # Locust's page looks at it when it is loaded
            page.reload()
            await_charts(page.frame_locator("#llocust-live"))
        page.screenshot(path=self.pictures / f"{name}-dark.png", full_page=True)
        page.emulate_media(color_scheme="light")


@pytest.fixture
def browser(tmp_path) -> Iterator[Pages]:
    with browsing(Pages, tmp_path, {"width": 1400, "height": 1000}, PATIENCE_MS) as pages:
        yield pages


def await_listening(port, process):
    """Locust announces its page a moment before it listens."""
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Locust's page did not open (exit {process.poll()}).")


@contextmanager
def locust(work_dir, *words, server=SERVER) -> Iterator[str]:
    """Locust with its web page, and a server for it; the page's address."""
    port = free_port()
    web = ("--web-host", "127.0.0.1", "--web-port", str(port))
    with (
        running_simulator(*server, env=environment()) as simulator,
        started(
            "locust", "-f", str(CHAT), "--host", simulator.url, *web, *words, cwd=work_dir, OPENAI_API_KEY=SECRET
        ) as process,
    ):
        await_listening(port, process)
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.communicate(timeout=20)


def text_at(address):
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode()


def data(url):
    return json.loads(text_at(f"{url}/llm/data"))


def fill(page, **fields):
    page.get_by_role("button", name="Custom parameters").click()
    for name, value in fields.items():
        page.locator(f"input[name={name}]").fill(value)


def start(page):
    page.get_by_role("button", name="Start", exact=True).click()


def open_tab(page):
    page.get_by_role("tab", name="LLM").click()
    frame = page.frame_locator("#llocust-live")
    frame.locator("#tiles .tile").first.wait_for()
    return frame


def value(frame, tile):
    return frame.locator(f".tile:has(.name:text-is({tile!r})) .value").inner_text()


def await_charts(frame):
    frame.locator("#charts .chart svg").nth(CHARTS - 1).wait_for()


def await_window(frame):
    expect(frame.locator("#table td").first).not_to_have_text("–")


def await_report(url, frame):
    expect(frame.get_by_role("link", name="Open the report")).to_be_visible()
    return data(url)


def test_from_the_form_to_the_report(tmp_path, browser):
    with locust(tmp_path) as url:
        page = browser.open(url)
        fill(page, maxTokens="lots", testset="")
        start(page)
        page.get_by_text("--max-tokens 'lots': give a whole number of one or more.").wait_for()
        assert data(url) == {"state": "ready", "run": None}
        assert not (tmp_path / "output").exists()

        fill_users(page, 6)
        page.locator("input[name=maxTokens]").fill("40")
        start(page)
        frame = open_tab(page)
        await_charts(frame)
        await_window(frame)
        assert float(value(frame, "TTFT p50").split()[0]) == pytest.approx(150, rel=0.2)
        assert 3 <= int(value(frame, "Streams in flight")) <= 6  # who failed pauses
        alone = browser.open(f"{url}/llm")
        await_charts(alone)
        browser.picture(alone, "page")

        page.get_by_role("button", name="Stop", exact=True).click()
        told = await_report(url, frame)
        with page.context.expect_page() as opened:
            frame.get_by_role("link", name="Open the report").click()
        report = opened.value
        report.wait_for_load_state()
        assert told["run"]["id"] in report.content()
        browser.picture(alone, "ended")
        browser.picture(page, "tab")
        for tab in ("Statistics", "Charts", "Failures", "Download Data"):
            page.get_by_role("tab", name=tab, exact=True).click()
            assert page.locator("#llocust-live").is_hidden()
        assert page.get_by_role("link", name="LLM charts (live)").get_attribute("href") == "./llm"
        assert browser.complaints == []
        assert all(SECRET not in text_at(f"{url}/{route}") for route in ROUTES)
        assert SECRET not in report.content()

    run = latest(tmp_path)
    (point,) = run.report["points"]
    everything = point["requests_all"]
    assert (told["total"]["ok"], told["total"]["failed"]) == (everything["ok"], everything["failed"])
    assert told["total"]["aborted"] == everything["aborted"]
    assert point["locust"]["agrees"]
    ttft_s = point["latency"]["ttft_s"]["p50"]
    assert told["windows"][0]["ttft_s_p50"] == pytest.approx(ttft_s, rel=0.1)


def fill_users(page, users):
    page.locator("input[name=userCount]").fill(str(users))
    page.locator("input[name=spawnRate]").fill(str(users))


def test_each_count_of_users_is_a_window_and_reset_begins_the_figures_anew(tmp_path, browser):
    with locust(tmp_path) as url:
        page = browser.open(url)
        fill_users(page, 2)
        start(page)
        frame = open_tab(page)
        await_window(frame)
        page.get_by_role("button", name="Edit").click()
        fill_users(page, 5)
        page.get_by_role("button", name="Update").click()
        expect(frame.locator("#windows tbody tr")).to_have_count(2)
        expect(frame.locator("#step-charts svg")).to_have_count(2)
        assert frame.locator("#windows tbody th").all_inner_texts() == ["2", "5"]
        browser.picture(page, "users")

        before = data(url)
        page.get_by_role("button", name="Reset").click()
        expect(frame.locator("#since")).to_contain_text("were reset")
        after = data(url)
        assert after["total"]["ok"] < before["total"]["ok"]
        assert after["windows"][0]["ok"] == before["windows"][0]["ok"]
        page.get_by_role("button", name="Stop", exact=True).click()
        await_report(url, frame)
        assert browser.complaints == []
    run = latest(tmp_path)
    assert [point["users"] for point in run.report["points"]] == [2, 5]
    # The reset is Locust's table's and the page's; the records are all there.
    assert sum(point["requests_all"]["ok"] for point in run.report["points"]) > before["total"]["ok"]


def fill_sweep(page, steps, run_time):
    fill(page, userSteps=steps, settleS="2")
    page.get_by_role("button", name="Advanced options").click()
    page.locator("input[name=runTime]").fill(run_time)
    page.locator("input[name=spawnRate]").fill("20")


def test_a_sweep_from_the_form(tmp_path, browser):
    with locust(tmp_path) as url:
        page = browser.open(url)
        fill_sweep(page, "2 none", "5s")
        start(page)
        page.get_by_text("--user-steps 'none': give a whole number of one or more.").wait_for()
        page.locator("input[name=userSteps]").fill("1 2 4")
        start(page)
        frame = open_tab(page)
        expect(frame.locator("#step")).to_contain_text("step 1 of 3: 1 user")
        page.get_by_role("button", name="Reset").click()
        expect(frame.locator("#step")).to_contain_text("step 3 of 3: 4 users")
        told = await_report(url, frame)
        assert told["state"] == "stopped"
        assert [row["ok"] > 0 for row in told["windows"]] == [True, True, True]
        expect(frame.locator("#step-charts svg")).to_have_count(2)
        browser.picture(page, "sweep")
        assert browser.complaints == []
    run = latest(tmp_path)
    assert (run.manifest.kind, run.manifest.state) == ("sweep", "done")
    assert all(point["locust"]["agrees"] for point in run.report["points"])
    assert [(point["users"], point["window_s"]) for point in run.report["points"]] == [
        (users, pytest.approx(5, abs=0.2)) for users in (1, 2, 4)
    ]


def test_a_sweep_that_is_stopped_is_reported_and_the_next_run_is_another(tmp_path, browser):
    with locust(tmp_path) as url:
        page = browser.open(url)
        fill_sweep(page, "2 3", "60s")
        start(page)
        frame = open_tab(page)
        await_window(frame)
        page.get_by_role("button", name="Stop", exact=True).click()
        told = await_report(url, frame)
        assert [point["state"] for point in told["run"]["points"]] == ["interrupted", "planned"]
        page.get_by_role("button", name="New").click()
        page.get_by_role("button", name="Custom parameters").click()
        page.locator("input[name=userSteps]").fill("")
        fill_users(page, 2)
        start(page)
        await_window(open_tab(page))
        assert data(url)["run"]["kind"] == "plain"
        assert data(url)["run"]["id"] != told["run"]["id"]
        assert browser.complaints == []


def test_workers_fill_the_same_page(tmp_path, browser):
    door = str(free_port())
    words = ("-f", str(CHAT), "--worker", "--master-port", door)
    with (
        locust(tmp_path, "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", door) as url,
        started("locust", *words, cwd=tmp_path, OPENAI_API_KEY=SECRET),
        started("locust", *words, cwd=tmp_path, OPENAI_API_KEY=SECRET),
    ):
        page = browser.open(url)
        page.wait_for_function(
            "fetch('./worker-count').then((one) => one.json()).then((one) => one.worker_count === 2)"
        )
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
        fill_users(page, 6)
        start(page)
        frame = open_tab(page)
        await_window(frame)
        await_charts(frame)
        expect(frame.locator("#about")).to_contain_text("2 load processes")
        expect(frame.locator(".tile:has(.name:text-is('Streams in flight')) .value")).to_have_text("6")
        page.get_by_role("button", name="Stop", exact=True).click()
        told = await_report(url, frame)
        page.wait_for_function("fetch('./llm/data').then((answer) => answer.json()).then((told) => told.final)")
        told = data(url)
        browser.picture(page, "workers")
        assert browser.complaints == []
    (point,) = latest(tmp_path).report["points"]
    everything = point["requests_all"]
    assert (told["total"]["ok"], told["total"]["failed"]) == (everything["ok"], everything["failed"])
    assert told["windows"][0]["chars_per_s"] == pytest.approx(point["throughput"]["chars_per_s"], rel=0.1)


def long_run():
    """Forty minutes of one process, which counts 100 characters a second more each minute."""
    board = Board("long", 0)
    second = 1_000_000_000
    for at in range(2400):
        counts = Counts(outcomes={"ok": 1})
        counts.ttft_s.add([0.2 + at / 10_000])
        board.take(
            "a",
            [
                Slice(
                    run="long", point=1, phase="window", begin_ns=at * second, end_ns=(at + 1) * second,
                    chars=1000 + at // 60 * 100, in_flight=4, users=4, counts=counts,
                )
            ],
            (at + 1) * second,
        )  # fmt: skip
        board.snapshot((at + 1) * second, recent_after=1 << 62, whole_after=1 << 62)
    run = {
        "id": "long",
        "kind": "plain",
        "state": "running",
        "url": "http://h",
        "model": "m",
        "testset": "chat",
        "points": [],
    }
    shown = {"state": "running", "run": run, "phase": {"point": 1, "name": "window"}, "final": False, "report": "none"}
    return shown | board.snapshot(2400 * second)


def test_a_long_run_can_be_shown_whole(tmp_path, browser):
    told = long_run()
    with locust(tmp_path) as url:
        browser.context.route("**/llm/data*", lambda route: route.fulfill(json=told))
        page = browser.open(f"{url}/llm")
        throughput = page.locator("#charts figure").nth(4)
        throughput.locator("svg").wait_for()
        ticks = throughput.locator(".role-axis-label text")
        expect(ticks.filter(has_text=re.compile("^0:00$"))).to_have_count(0)
        page.get_by_role("button", name="Whole run").click()
        expect(ticks.filter(has_text=re.compile("^0:00$")).first).to_be_visible()
        browser.picture(page, "long")
        assert browser.complaints == []


def test_a_page_that_lost_its_locust_says_so_and_goes_on_when_it_is_back(tmp_path, browser):
    with locust(tmp_path) as url:
        page = browser.open(f"{url}/llm")
        page.get_by_text("No run yet.").wait_for()
        browser.context.route("**/llm/data*", lambda route: route.abort())
        page.get_by_text("Locust does not answer. The figures stay as they were.").wait_for()
        browser.context.unroute("**/llm/data*")
        expect(page.locator("#trouble")).to_be_hidden()
