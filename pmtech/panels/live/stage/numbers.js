// Numbers as people read them. The constants in capitals that no file here defines are told by the kernel: see terms.py.

// The smallest of 1, 2, 5, 10, 20, 50 ... that is not below.
const nice = (value) => {
  for (let power = 1; ; power *= 10) for (const step of NICE) if (step * power >= value) return step * power;
};
const round = (value) => {
  if (!Number.isFinite(value)) return "–";
  const digits = value >= 20 || Math.abs(value - Math.round(value)) < 0.05 ? 0 : value >= 1 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
};
// Time in a run of this length, as pmtech/wording.py tells it: its unit, a moment, and how long something took.
const clock = (lasts) => CLOCKS.find(([, s]) => lasts >= 10 * s || s === 1);
const moment = (at, lasts) => {
  const [unit, s] = clock(lasts);
  return `${s === 1 ? round(at) : Number((at / s).toFixed(1)).toLocaleString("en")} ${unit}`;
};
const took = (ms, lasts) => {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const [unit, s] = CLOCKS.find(([, s]) => ms / 1000 >= (lasts >= 10 * s ? s : 10 * s) || s === 1);
  return `${round(ms / 1000 / s)} ${unit}`;
};
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const numbers = (view, Kind = Float64Array) => new Kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

const told = ({ at, words }, lasts) => `At ${moment(at, lasts)}: ${words}.`;
const perDot = (every) => (every === 1 ? "1 dot = 1 request" : `1 dot = ${every.toLocaleString("en")} requests`);

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
// How much of its way something goes in this time, when it comes nearer by two thirds every `lasts` seconds.
const eased = (elapsed, lasts) => 1 - Math.exp(-elapsed / lasts);
