"use strict";
// What moves on a page: the progress of runs that wait or go on, as /runs/{id}/events tells it. Without it pages work, and stand still.

// Where in a point's share of the bar each phase lies.
const SPAN = { spawn: [0, 0.05], settle: [0.05, 0.15], window: [0.15, 0.95], cooldown: [0.95, 1] };
const LIVE = ["queued", "running"];
const MISSING = "–";
// A browser opens six connections to a server over HTTP/1.1; the page itself needs some.
const MOST_FOLLOWED = 3;

const figure = (value, digits, unit) => (value === null || value === undefined ? MISSING : value.toFixed(digits) + unit);

function doneRatio(tick) {
  const [begin, end] = SPAN[tick.phase] || [0, 0];
  let inside = tick.limit_s ? tick.elapsed_s / tick.limit_s : 0;
  if (tick.phase === "window" && tick.requests) inside = tick.ended / tick.requests;
  return begin + (end - begin) * Math.min(inside, 1);
}

class Follower {
  constructor(place) {
    this.place = place;
    this.point = { number: 1, of: 1 };
    this.began = false;
    this.source = new EventSource(place.dataset.events);
    this.source.addEventListener("progress", (message) => this.progress(JSON.parse(message.data)));
    this.source.addEventListener("state", (message) => this.state(JSON.parse(message.data)));
  }

  show(name, text) {
    for (const node of this.place.querySelectorAll(`[data-show="${name}"]`)) if (node.textContent !== text) node.textContent = text;
  }

  bar(value) {
    for (const node of this.place.querySelectorAll('[data-show="progress"]')) node.value = value;
  }

  progress(event) {
    if (event.event === "point") this.point = event;
    if (event.event === "report") this.bar(1);
    if (event.event !== "tick") return;
    const { number, of } = this.point;
    this.bar((number - 1 + doneRatio(event)) / of);
    this.show("phase", `Point ${number} of ${of}: ${event.phase}`);
    this.show("users", String(event.users));
    this.show("counts", `${event.ok} / ${event.failed}`);
    this.show("ttft", event.ttft_p95_s == null ? MISSING : figure(event.ttft_p95_s * 1000, 0, " ms"));
    this.show("latency", figure(event.latency_s, 2, " s"));
    this.show("stream", figure(event.chars_per_s_stream, 1, ""));
    this.show("total", figure(event.chars_per_s_total, 0, ""));
  }

  state(run) {
    if (run.state === "running" && !this.began) this.show("phase", "It begins.");
    this.began = run.state === "running";
    for (const node of this.place.querySelectorAll('[data-show="state"]')) {
      node.textContent = run.state;
      node.className = `state ${run.state}`;
    }
    if (LIVE.includes(run.state)) return;
    this.source.close();
    this.bar(1);
    this.show("phase", "It is over.");
    if ("reload" in this.place.dataset) location.reload();
  }
}

[...document.querySelectorAll("[data-events]")].slice(0, MOST_FOLLOWED).forEach((place) => new Follower(place));

// A form that takes a while is sent once.
for (const form of document.querySelectorAll("form[data-once]")) {
  const button = form.querySelector('button[type="submit"]');
  const label = button.textContent;
  form.addEventListener("submit", (event) => {
    if (button.disabled) event.preventDefault();
    button.disabled = true;
    button.textContent = form.dataset.once;
  });
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    button.textContent = label;
  });
}
