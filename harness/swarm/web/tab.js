"use strict";
// Locust's tabs hold tables only. Where its LLM table is on show, the page with the charts is put above it, in a frame.
// Should Locust's page change so that the table is not found, table and link remain as they are.
(() => {
  const frame = document.createElement("iframe");
  frame.title = "LLM load, live";
  frame.id = "llocust-live";
  frame.style.cssText = "width: 100%; height: 60rem; border: 0; display: none; color-scheme: normal;";
  const link = document.createElement("p");
  link.style.cssText = "margin: 0 0 0.5rem; text-align: right; font-size: 0.85rem; display: none;";
  const anchor = link.appendChild(document.createElement("a"));
  anchor.href = "./llm";
  anchor.target = "_blank";
  anchor.textContent = "Open in a page of its own";
  anchor.style.color = "inherit";

  let whole = false;
  frame.addEventListener("load", () => {
    whole = Boolean(frame.contentDocument?.getElementById("charts"));
    place();
  });

  function place() {
    const chosen = new URLSearchParams(window.location.search).get("tab") === "llm";
    const table = chosen ? document.querySelector('th[data-sortkey="window"]')?.closest("table")?.parentElement : null;
    const display = table ? "block" : "none";
    if (frame.style.display !== display) frame.style.display = link.style.display = display;
    if (table && frame.nextElementSibling !== table) {
      if (!frame.src) frame.src = "./llm";
      table.before(link, frame);
    }
    // What the table tells is in the frame as well, once that is there.
    if (table && whole) table.style.display = "none";
  }

  new MutationObserver(place).observe(document.getElementById("root") || document.body, { childList: true, subtree: true });
  place();
})();
