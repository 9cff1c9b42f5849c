// What is drawn, in Vega-Lite: charts over time, and charts over user counts.

import { element } from "./words.js";

const BLUE = "#2f7ebc", ORANGE = "#d55e00", PURPLE = "#a8569f", GREY = "#8a8f98";
const MORE = ["#0b8a83", "#b07c00", "#c2417c", "#5a63d6", "#5d8a1e"];

const PERCENTILES = (key) => [
  { key: `${key}_p50`, label: "p50", scale: 1000 },
  { key: `${key}_p95`, label: "p95", scale: 1000 },
  { key: `${key}_p99`, label: "p99", scale: 1000 },
];
export const CHARTS = [
  { title: "Time to first token", caption: "Sent → first content. Percentiles of what arrived in each step of time.",
    unit: "TTFT (ms)", series: PERCENTILES("ttft_s") },
  { title: "Inter-token latency", caption: "Gaps between successive content events of a stream, open ones included.",
    unit: "ITL (ms)", series: PERCENTILES("itl_s") },
  { title: "End-to-end latency", caption: "Sent → last byte, of requests that ended well.",
    unit: "E2E (s)", series: [
      { key: "e2e_s_p50", label: "p50", scale: 1 }, { key: "e2e_s_p95", label: "p95", scale: 1 }, { key: "e2e_s_p99", label: "p99", scale: 1 }] },
  { title: "Characters per second, per stream", caption: "Of requests as they end; dashed, per open stream right now.",
    unit: "characters/s", series: [
      { key: "stream_chars_per_s_p50", label: "ended, p50", scale: 1 }, { key: "open_chars_per_s", label: "open now", scale: 1 },
      { key: "stream_chars_per_s_p5", label: "ended, slowest 5 %", scale: 1 }] },
  { title: "Throughput, all streams", caption: "Characters as they arrive; tokens estimated from them (see below).",
    unit: "per second", series: [
      { key: "chars_per_s", label: "characters/s", scale: 1 }, { key: "tokens_per_s", label: "tokens/s (estimate)", scale: 1 }] },
  { title: "Streams", caption: "In flight, of these waiting for a first token, and the users there are.",
    unit: "streams", series: [
      { key: "in_flight", label: "in flight", scale: 1 }, { key: "users", label: "users", scale: 1 },
      { key: "waiting", label: "waiting for a first token", scale: 1 }] },
  { title: "Requests per second", caption: "Those that ended, well or not; what our own stop aborted is not counted.",
    unit: "requests/s", series: [{ key: "requests_per_s", label: "ended", scale: 1 }] },
  { title: "Errors by outcome", caption: "Requests that failed, by how, in each step of time.",
    unit: "requests", outcomes: true, absent: "No request has failed." },
  { title: "Generator's loop lag", caption: "How late the load processes themselves are. Above the line, doubt the rest.",
    unit: "lag (ms)", limit: 10, series: [
      { key: "loop_lag_s_p50", label: "p50", scale: 1000 }, { key: "loop_lag_s_p99", label: "p99", scale: 1000 },
      { key: "loop_lag_s_max", label: "max", scale: 1000 }] },
];
export const STEP_CHARTS = [
  { title: "TTFT by users", unit: "TTFT (ms)", series: PERCENTILES("ttft_s") },
  { title: "Throughput by users", unit: "per second", series: CHARTS[4].series },
];

// A logarithmic grid's colours are the page's own ink, so that both themes can be read.
function look() {
  const quiet = { labelColor: "currentColor", titleColor: "currentColor", domainColor: "currentColor", tickColor: "currentColor", gridColor: "currentColor" };
  return {
    background: "transparent",
    font: "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif",
    view: { stroke: null },
    axis: { ...quiet, gridOpacity: 0.14, domainOpacity: 0.5, tickOpacity: 0.5, labelFontSize: 11, titleFontSize: 12,
      titleFontWeight: "normal", labelPadding: 4, tickCount: 5 },
    legend: { labelColor: "currentColor", orient: "top", title: null, symbolStrokeWidth: 2, labelFontSize: 12, labelLimit: 220, offset: 6 },
  };
}

const X_TIME = { field: "at_ms", type: "temporal", title: null,
  scale: { type: "utc", domainMin: { expr: "from_ms" }, domainMax: { expr: "to_ms" }, nice: false },
  axis: { grid: false, tickCount: 6, labelExpr: "datum.value < 3600000 ? utcFormat(datum.value, '%-M:%S') : utcFormat(datum.value, '%-H:%M:%S')" } };
const BAND = {
  data: { name: "bands" },
  mark: { type: "rect", opacity: 0.16, color: BLUE, clip: true },
  encoding: { x: { ...X_TIME, field: "begin_ms" }, x2: { field: "end_ms" } },
};

export function overTime(chart) {
  const layers = [BAND, chart.outcomes ? bars(chart) : lines(chart), ...limitOf(chart)];
  return { ...whole(), layer: layers };
}

const whole = () => ({ width: "container", height: 232, autosize: { type: "fit", contains: "padding" }, config: look() });

function colours(chart) {
  return { domain: chart.series.map((series) => series.label), range: [BLUE, ORANGE, PURPLE].slice(0, chart.series.length) };
}

const STROKES = { symbolType: "stroke", symbolSize: 260 };

function encodings(chart) {
  const labels = chart.series.map((series) => series.label);
  return {
    y: { field: "value", type: "quantitative", title: chart.unit, scale: { zero: true, nice: true } },
    color: { field: "series", type: "nominal", scale: colours(chart), legend: STROKES },
    strokeDash: { field: "series", type: "nominal", scale: { domain: labels, range: [[1, 0], [6, 3], [2, 2]].slice(0, labels.length) }, legend: STROKES },
    tooltip: [{ field: "series", title: "line" }, { field: "value", title: chart.unit, format: ",.4~g" }],
  };
}

function lines(chart) {
  return {
    data: { name: "rows" },
    mark: { type: "line", clip: true, strokeWidth: 1.7, interpolate: "linear", point: { size: 8, filled: true } },
    encoding: { x: X_TIME, ...encodings(chart) },
  };
}

function bars(chart) {
  return {
    data: { name: "rows" },
    mark: { type: "rect", clip: true },
    encoding: {
      x: { ...X_TIME, field: "begin_ms" }, x2: { field: "end_ms" },
      y: { field: "from", type: "quantitative", title: chart.unit, scale: { zero: true, nice: true }, axis: { labelExpr: "datum.value % 1 === 0 ? format(datum.value, ',d') : ''" } }, y2: { field: "to" },
      color: { field: "series", type: "nominal", sort: null, scale: { range: [ORANGE, PURPLE, BLUE, ...MORE] }, legend: { symbolType: "square" } },
      tooltip: [{ field: "series", title: "outcome" }, { field: "count", title: "requests" }],
    },
  };
}

function limitOf(chart) {
  if (!chart.limit) return [];
  const rule = { type: "rule", color: GREY, strokeDash: [6, 4], strokeWidth: 1.2 };
  return [{ data: { values: [{ limit: chart.limit }] }, mark: rule, encoding: { y: { field: "limit", type: "quantitative" } } }];
}

export function byUsers(chart) {
  const line = { type: "line", strokeWidth: 1.7, point: { size: 45, filled: true } };
  return {
    ...whole(), data: { name: "rows" }, mark: line,
    encoding: { x: { field: "users", type: "quantitative", title: "users", scale: { type: "linear", zero: false, nice: true }, axis: { grid: false, tickMinStep: 1 } },
      ...encodings(chart) },
  };
}

export class Drawing {
  // `specify(chart)` gives the Vega-Lite of it. Nothing is drawn before there is something to draw.
  constructor(chart, place, specify) {
    this.chart = chart;
    this.specify = specify;
    const figure = document.createElement("figure");
    figure.appendChild(document.createElement("h3")).textContent = chart.title;
    if (chart.caption) figure.appendChild(document.createElement("figcaption")).textContent = chart.caption;
    this.place = figure.appendChild(document.createElement("div"));
    this.place.className = "chart";
    place.appendChild(figure);
    this.clear();
  }

  clear() {
    if (this.view) this.view.finalize();
    this.view = null;
    this.place.replaceChildren(element("p", this.chart.absent || "Nothing to draw yet.", "absent"));
  }

  async draw(datasets, signals) {
    const there = datasets.rows.some((row) => row.value !== null);
    if (!there && this.view) this.clear();
    if (!there) return;
    if (!this.view) return this.begin(datasets, signals);
    for (const [name, rows] of Object.entries(datasets)) this.view.data(name, rows);
    for (const [name, value] of Object.entries(signals)) this.view.signal(name, value);
    await this.view.runAsync();
  }

  async begin(datasets, signals) {
    const params = Object.entries(signals).map(([name, value]) => ({ name, value }));
    // The interpreter (`ast`) evaluates Vega's expressions without building functions from text, which the page's policy forbids.
    const options = { mode: "vega-lite", renderer: "svg", ast: true, actions: false, logLevel: 1, tooltip: { theme: "page" } };
    try {
      this.view = (await vegaEmbed(this.place, { ...this.specify(this.chart), datasets, params }, options)).view;
    } catch (error) {
      this.place.textContent = `This chart could not be drawn: ${error.message}`;
    }
  }
}

export function scaled(row, series) {
  const value = row[series.key];
  return value === null || value === undefined ? null : value * series.scale;
}

export function long(chart, rows, width_s) {
  if (chart.outcomes) return rows.flatMap((row) => piled(row, width_s));
  return rows.flatMap((row) => chart.series.map((series) => ({ at_ms: row.at_s * 1000, series: series.label, value: scaled(row, series) })));
}

// The outcomes of a step of time, one on top of the other. What our own stop ended is no error.
function piled(row, width_s) {
  const begin_ms = (row.at_s - width_s / 2) * 1000, end_ms = (row.at_s + width_s / 2) * 1000;
  let from = 0;
  return Object.entries(row.outcomes).filter(([name]) => name !== "aborted" && name !== "dropped").map(([series, count]) => {
    from += count;
    return { begin_ms, end_ms, series, count, from: from - count, to: from };
  });
}
