"use strict";
// Draws every chart whose specification lies in the page. The interpreter (`ast`) evaluates Vega's expressions without
// building functions from text, which the page's policy forbids.
const options = {
  mode: "vega-lite",
  renderer: "svg",
  ast: true,
  actions: { export: true, source: false, compiled: false, editor: false },
  tooltip: { theme: "page" },
};
for (const script of document.querySelectorAll("script.spec")) {
  const place = script.parentElement.querySelector(".chart");
  vegaEmbed(place, JSON.parse(script.textContent), options).catch((error) => {
    place.textContent = "This chart could not be drawn: " + error.message;
  });
}
// On paper nothing can be unfolded.
window.addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
});
