// Numbers as words, and words as elements.

export const DASH = "–";
export const at = (id) => document.getElementById(id);

export function number(value) {
  if (value === null || value === undefined) return DASH;
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  if (size < 0.0005) return "0";
  return size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toPrecision(2);
}

export const ms = (value_s) => (value_s === null || value_s === undefined ? DASH : number(value_s * 1000));

export function duration(value_s) {
  const whole_s = Math.round(value_s), minutes = Math.floor(whole_s / 60);
  return minutes ? `${minutes} min ${whole_s % 60} s` : `${whole_s} s`;
}

export const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}
