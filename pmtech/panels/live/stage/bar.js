// The bar that plays a run, and the legend.

const GLYPHS = { play: "M4 2.5v11l9-5.5z", pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z", step: "M3 2.5v11l6.5-5.5zM10.5 2.5H13v11h-2.5z", back: "M13 2.5v11L6.5 8zM3 2.5h2.5v11H3z", reset: "M8 3V.5L4 4l4 3.5V5a3.8 3.8 0 1 1-3.8 3.8h-2A5.8 5.8 0 1 0 8 3z" };

function button(glyph, text, onclick) {
  const el = h("button", { type: "button", onclick });
  const face = (shape, words) => {
    const icon = GLYPHS[shape] ? `<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="${GLYPHS[shape]}" fill="currentColor"/></svg>` : "";
    el.innerHTML = icon;
    el.append(words);
  };
  face(glyph, text);
  return Object.assign(el, { face });
}

// play(on), step(direction), reset(), speed(value); `more` are buttons of the panel's own.
function transport(root, { speed, play, step, reset, backwards = false }, ...more) {
  let playing = false;
  const toggle = () => play(!playing);
  const start = button("play", "Play", toggle);
  start.classList.add("pmtech-primary", "pmtech-play");
  const id = newId();
  const select = h("select", { id, onchange: () => speed.set(Number(select.value)) }, ...SPEEDS.map((value) => h("option", { value }, `${value}×`)));
  select.value = speed.get();
  const clock = h("span", { class: "pmtech-clock" });
  const said = h("span", { class: "pmtech-only-heard", "aria-live": "polite" });
  const bar = h(
    "div",
    { class: "pmtech-bar", role: "toolbar", "aria-label": "Run" },
    start,
    ...(backwards ? [button("back", "Back", () => step(-1))] : []),
    button("step", "Step", () => step(1)),
    button("reset", backwards ? "From the start" : "Reset", reset),
    h("span", { class: "pmtech-speed" }, h("label", { for: id }, "Speed"), select),
    ...more,
    clock,
    said,
  );
  playByKey(root, { " ": toggle, ArrowRight: () => step(1), ...(backwards && { ArrowLeft: () => step(-1) }) });
  return {
    bar,
    show(on, words) {
      if (on !== playing) start.face(on ? "pause" : "play", on ? "Pause" : "Play");
      playing = on;
      write(clock, words);
    },
    say: (words) => write(said, words),
    speed: (value) => (select.value = value),
  };
}

// Space plays and pauses, the arrows step; a control that has the focus keeps the keys that are its own.
function playByKey(root, keys) {
  root.tabIndex = -1; // its buttons are on the way of Tab, and one stop is enough
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  root.addEventListener("keydown", (event) => {
    const on = event.target.closest("button, select, input");
    const act = keys[event.key];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    if (on?.matches("select") || (event.key === " " ? on?.matches("button") : on?.matches("input"))) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

function legend({ patience }, everyEl) {
  const item = (kind, words) => h("span", { class: `pmtech-key pmtech-key-${kind}` }, h("i", { "aria-hidden": "true" }), words);
  const kinds = { travels: "on its way", waiting: "waiting", working: "at work, served", refused: "refused or failed", ...(patience && { late: "gave up" }) };
  return h("div", { class: "pmtech-legend" }, ...Object.entries(kinds).map((one) => item(...one)), everyEl);
}
