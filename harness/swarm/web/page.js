// Asks for the figures every two seconds and shows them. The numbers come in seconds and per second.
// These are modules, so that their names are their own: the drawing library leaves short ones lying about.

import { CHARTS, Drawing, STEP_CHARTS, byUsers, long, overTime, scaled } from "./charts.js";
import { showTable, showTiles, showWindows } from "./tables.js";
import { at, duration, number, plural } from "./words.js";

const EVERY_MS = 2000;
const MINUTES_SHOWN = 15;

const page = { run: null, since_s: null, rows: { recent: [], whole: [] }, shown: "recent", drawings: [], steps: [], last: null, busy: false };

function forget(run, since_s) {
  page.run = run;
  page.since_s = since_s;
  page.rows = { recent: [], whole: [] };
  for (const drawing of [...page.drawings, ...page.steps]) drawing.clear();
}

function take(snapshot) {
  const run = snapshot.run && snapshot.run.id;
  if (run !== page.run || (run && snapshot.since_s !== page.since_s)) {
    const had = page.rows.recent.length || page.rows.whole.length;
    forget(run, snapshot.since_s);
    if (had) return false; // these rows came after ones of another run, so ask for all
  }
  if (!run) return true;
  page.rows.recent = [...page.rows.recent, ...snapshot.recent.rows].slice(-450);
  page.rows.whole = [...page.rows.whole, ...snapshot.whole.rows].slice(-2160);
  return true;
}

const newest = (rows) => (rows.length ? rows[rows.length - 1].index : -1);

async function ask() {
  const query = `recent_after=${newest(page.rows.recent)}&whole_after=${newest(page.rows.whole)}`;
  const answer = await fetch(`llm/data?${query}`, { cache: "no-store" });
  if (answer.redirected || !(answer.headers.get("Content-Type") || "").includes("json")) throw new Error("You are not logged in any more. Reload the page.");
  if (!answer.ok) throw new Error(`Locust answered with ${answer.status}.`);
  return answer.json();
}

function trouble(text) {
  at("trouble").textContent = text;
  at("trouble").hidden = !text;
}

const STATES = { ready: "ready", spawning: "spawning users", running: "running", cleanup: "cleaning up", stopping: "stopping", stopped: "stopped" };

function showHeader(snapshot) {
  const run = snapshot.run, step = at("step"), link = at("report");
  at("state").textContent = STATES[snapshot.state] || snapshot.state;
  at("state").classList.toggle("on", ["running", "spawning"].includes(snapshot.state));
  at("empty").hidden = Boolean(run);
  at("figures").hidden = !run;
  step.hidden = link.hidden = true;
  if (!run) {
    at("about").textContent = "Live figures of Locust's run against a language model.";
    return;
  }
  const processes = snapshot.processes > 1 ? ` · ${snapshot.processes} load processes` : "";
  at("about").textContent = `${run.model} at ${run.url} · prompts: ${run.testset} · run ${run.id}${processes}`;
  showStep(snapshot, step);
  link.hidden = snapshot.report !== "ready";
  link.href = `llm/report/${encodeURIComponent(run.id)}`;
}

function showStep(snapshot, step) {
  const point = snapshot.run.points.find((one) => one.index === snapshot.phase.point), of = snapshot.run.points.length;
  const words = { none: "", making: "the report is being made…", ready: "", missing: "no report was made; `llocust report` makes one of the run folder" };
  let text = words[snapshot.report];
  if (snapshot.report === "none" && point && snapshot.phase.name) {
    const nth = snapshot.run.kind === "sweep" && of > 1 ? `step ${snapshot.run.points.indexOf(point) + 1} of ${of}: ` : "";
    const time = snapshot.phase.name === "window" && snapshot.window ? `, ${duration(snapshot.window.elapsed_s)}` : "";
    text = `${nth}${plural(point.users, "user")} · ${snapshot.phase.name}${time}`;
  }
  step.textContent = text;
  step.hidden = !text;
}

function makeDrawings() {
  if (!page.drawings.length) page.drawings = CHARTS.map((chart) => new Drawing(chart, at("charts"), overTime));
}

async function drawCharts(snapshot) {
  const newest_s = page.rows.recent.length ? page.rows.recent[page.rows.recent.length - 1].at_s + snapshot.recent.width_s / 2 : 0;
  const to_s = Math.max(newest_s, 30);
  at("choice").hidden = to_s <= MINUTES_SHOWN * 60; // until then one is the other
  const shown = at("choice").hidden ? "recent" : page.shown;
  const rows = page.rows[shown], width_s = snapshot[shown].width_s;
  const from_s = shown === "recent" ? Math.max(0, to_s - MINUTES_SHOWN * 60, snapshot.since_s) : snapshot.since_s;
  const signals = { from_ms: from_s * 1000, to_ms: Math.max(to_s, from_s + 30) * 1000 };
  const bands = snapshot.windows.map((row) => ({ begin_ms: row.begin_s * 1000, end_ms: row.end_s * 1000 }));
  await Promise.all(page.drawings.map((drawing) => drawing.draw({ rows: long(drawing.chart, rows, width_s), bands }, signals)));
}

async function drawSteps(snapshot) {
  const points = snapshot.run.points, windows = snapshot.windows;
  at("steps").hidden = points.length < 2;
  if (points.length < 2) return;
  showWindows(points, windows, snapshot.phase.point);
  const users = new Map(points.map((point) => [point.index, point.users]));
  at("step-charts").hidden = new Set(windows.map((row) => users.get(row.point))).size < 2;
  if (at("step-charts").hidden) return;
  if (!page.steps.length) page.steps = STEP_CHARTS.map((chart) => new Drawing(chart, at("step-charts"), byUsers));
  await Promise.all(page.steps.map((drawing) => {
    const rows = windows.flatMap((row) => drawing.chart.series.map((series) => ({ users: users.get(row.point), series: series.label, value: scaled(row, series) })));
    return drawing.draw({ rows }, {});
  }));
}

async function show(snapshot) {
  page.last = snapshot;
  showHeader(snapshot);
  if (!snapshot.run) return;
  makeDrawings();
  at("error").textContent = number(snapshot.relative_error * 100);
  at("since").textContent = snapshot.since_s > 1
    ? `Locust's statistics were reset ${duration(snapshot.since_s)} after the run began; the charts and “whole run” begin there. The records, and with them the report, hold everything.` : "";
  const rows = page.rows.recent, ended = snapshot.run.state !== "running";
  // While it runs, the last two seconds; when it has ended, its last window.
  const now = ended ? snapshot.window || snapshot.total : rows.length ? rows[rows.length - 1] : snapshot.total;
  showTiles(now, snapshot.total);
  at("beside").textContent = ended ? "Last window beside the whole run" : "Current window beside the whole run";
  showTable(ended ? "Last window" : "Current window", snapshot.window, snapshot.total);
  await drawCharts(snapshot);
  await drawSteps(snapshot);
}

const unseen = () => document.hidden || (window.frameElement && window.frameElement.offsetParent === null);

async function refresh() {
  if (page.busy || (unseen() && page.last)) return;
  page.busy = true;
  try {
    let snapshot = await ask();
    if (!take(snapshot)) {
      snapshot = await ask();
      take(snapshot);
    }
    trouble("");
    await show(snapshot);
  } catch (error) {
    trouble(error instanceof TypeError ? "Locust does not answer. The figures stay as they were." : error.message);
  } finally {
    page.busy = false;
  }
}

function choose(shown) {
  page.shown = shown;
  for (const name of ["recent", "whole"]) at(name).setAttribute("aria-pressed", String(name === shown));
  if (page.last && page.last.run) drawCharts(page.last);
}

// As Locust's own page chooses between light and dark.
function theme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = localStorage.theme === "dark" || localStorage.theme === "light" ? localStorage.theme : system;
}

function embed() {
  if (window.frameElement === null) return;
  document.documentElement.dataset.embedded = "";
  new ResizeObserver(() => {
    window.frameElement.style.height = `${document.body.offsetHeight + 16}px`;
  }).observe(document.body);
}

theme();
embed();
window.addEventListener("storage", theme);
// Locust's page looks at the system's choice when it is loaded, and inside of it so does this one.
if (window.frameElement === null) matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
document.addEventListener("visibilitychange", refresh);
at("recent").addEventListener("click", () => choose("recent"));
at("whole").addEventListener("click", () => choose("whole"));
refresh();
setInterval(refresh, EVERY_MS);
