// The tiles above the charts and the tables below them.

import { DASH, at, duration, element, ms, number } from "./words.js";

function tiles(now, total) {
  const lag_ms = now.loop_lag_s_p99 === null ? null : now.loop_lag_s_p99 * 1000;
  return [
    { name: "TTFT p50", value: ms(now.ttft_s_p50), unit: "ms", more: `p95 ${ms(now.ttft_s_p95)} · p99 ${ms(now.ttft_s_p99)}` },
    { name: "ITL p50", value: ms(now.itl_s_p50), unit: "ms", more: `p95 ${ms(now.itl_s_p95)} · p99 ${ms(now.itl_s_p99)}` },
    { name: "Chars/s per stream", value: number(now.stream_chars_per_s_p50), unit: "p50", more: `slowest 5 % ${number(now.stream_chars_per_s_p5)}` },
    { name: "Chars/s, all streams", value: number(now.chars_per_s), unit: "", more: `${number(now.tokens_per_s)} tokens/s` },
    { name: "Streams in flight", value: number(Math.round(now.in_flight)), unit: "", more: `${number(Math.round(now.waiting))} wait for a first token` },
    { name: "Failed", value: number(total.failed), unit: "", more: `${number(total.ok)} ok in the run`, mood: total.failed ? "bad" : "" },
    { name: "Loop lag p99", value: ms(now.loop_lag_s_p99), unit: "ms", more: `CPU ${now.cpu_ratio === null ? DASH : Math.round(now.cpu_ratio * 100)} % of a core`, mood: lag_ms > 10 ? "warn" : "" },
  ];
}

export function showTiles(now, total) {
  at("tiles").replaceChildren(...tiles(now, total).map((tile) => {
    const box = element("div", undefined, `tile ${tile.mood || ""}`);
    const value = element("div", tile.value, "value");
    if (tile.unit) value.append(" ", element("small", tile.unit));
    box.append(element("div", tile.name, "name"), value, element("div", tile.more, "more"));
    return box;
  }));
}

const SPREADS = [["TTFT, ms", "ttft_s", ms], ["ITL, ms", "itl_s", ms], ["E2E latency, s", "e2e_s", number], ["Chars/s per stream", "stream_chars_per_s", number]];
const RATES = [["Chars/s, all streams", "chars_per_s", number], ["Tokens/s, all streams (estimate)", "tokens_per_s", number],
  ["Requests/s", "requests_per_s", number], ["Streams in flight, mean", "in_flight", number], ["Waiting for a first token, mean", "waiting", number],
  ["Requests ok", "ok", number], ["Requests failed", "failed", number], ["Of these, by outcome", "outcomes", outcomesInWords],
  ["Requests aborted by our stop", "aborted", number]];

function outcomesInWords(outcomes) {
  const failed = Object.entries(outcomes).filter(([name]) => name !== "aborted" && name !== "dropped");
  return failed.map(([name, count]) => `${name} ${number(count)}`).join(", ") || DASH;
}

export function showTable(name, current, total) {
  const quantiles = ["p50", "p95", "p99"], sides = [current, total];
  const top = element("tr"), under = element("tr");
  top.append(element("th", ""), ...[name, "Whole run"].map((name) => Object.assign(element("th", name, "group first"), { colSpan: 3 })));
  under.append(element("th", ""), ...sides.flatMap(() => quantiles.map((q, at) => element("th", q, at ? "" : "first"))));
  const spreads = SPREADS.map(([name, key, word]) => {
    const row = element("tr");
    row.append(element("th", name), ...sides.flatMap((side) => quantiles.map((q, at) => element("td", side ? word(side[`${key}_${q}`]) : DASH, at ? "" : "first"))));
    return row;
  });
  const rates = RATES.map(([name, key, word]) => {
    const row = element("tr");
    row.append(element("th", name), ...sides.map((side) => Object.assign(element("td", side ? word(side[key]) : DASH, "first"), { colSpan: 3 })));
    return row;
  });
  const head = element("thead"), body = element("tbody");
  head.append(top, under);
  body.append(...spreads, ...rates);
  at("table").replaceChildren(head, body);
}

const WINDOW_COLUMNS = [["TTFT p50, ms", "ttft_s_p50", ms], ["p95", "ttft_s_p95", ms], ["p99", "ttft_s_p99", ms], ["ITL p50, ms", "itl_s_p50", ms],
  ["Chars/s per stream", "stream_chars_per_s_p50", number], ["Chars/s", "chars_per_s", number], ["Tokens/s", "tokens_per_s", number],
  ["ok", "ok", number], ["failed", "failed", number]];

export function showWindows(points, windows, current) {
  const measured = new Map(windows.map((row) => [row.point, row]));
  const head = element("thead"), names = element("tr"), body = element("tbody");
  names.append(...["Users", "State", "Window", ...WINDOW_COLUMNS.map(([name]) => name)].map((name) => element("th", name)));
  head.append(names);
  body.append(...points.map((point) => {
    const row = element("tr"), figures = measured.get(point.index);
    // A plain run's points are all settled at its end; until then the folder calls them running.
    const state = point.state === "running" && point.index < current ? "over" : point.state;
    row.append(element("th", number(point.users)), element("td", state), element("td", figures ? duration(figures.elapsed_s) : DASH),
      ...WINDOW_COLUMNS.map(([, key, word]) => element("td", figures ? word(figures[key]) : DASH)));
    return row;
  }));
  at("windows").replaceChildren(head, body);
}
