// The shared front end of every panel: where it appears on the page, its chart, its elements.
// Each panel's module begins with this text, so what must exist once a page hangs on `window`.

// ---- where panels appear -------------------------------------------------------------------

// One observer a page fills a panel's <div> when JupyterLab puts it into the document, and empties it when
// it is taken out (the cell ran again, or was scrolled away where JupyterLab removes what is not in sight).
const page = (window.pmtechPage ??= {
  panels: new Map(), // class of the div -> what fills it
  filled: new Map(), // div -> what empties it
  seen: new Map(), // class of a div that was emptied -> a still of it
  // What a panel showed last, as HTML that needs no kernel.
  kept(mount) {
    const still = ({ lastElementChild: body }) => window.pmtechStill?.(body);
    for (const el of this.filled.keys()) if (el.dataset.filled === mount) this.seen.set(mount, still(el));
    return this.seen.get(mount);
  },
  look() {
    for (const el of document.querySelectorAll(".pmtech:not([data-filled])")) {
      const mount = [...el.classList].find((name) => this.panels.has(name));
      if (mount) this.panels.get(mount)(el);
    }
  },
  // Returns what takes it away again. A model that is brought back, as when a lesson is closed and opened again, takes the
  // place of the one before, which has lost its kernel.
  add(mount, fill) {
    this.remove(mount);
    const put = (el) => {
      el.dataset.filled = mount;
      const asleep = [...el.childNodes]; // the sentence that stands there while no kernel does
      el.replaceChildren();
      const cleanup = fill(el);
      this.filled.set(el, () => {
        this.kept(mount);
        this.filled.delete(el);
        cleanup();
        el.replaceChildren(...asleep);
        delete el.dataset.filled;
      });
    };
    this.panels.set(mount, put);
    if (!this.observer) {
      this.observer = new MutationObserver((changes) => {
        const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
        added.forEach(holdUnits);
        for (const [el, empty] of this.filled) if (!el.isConnected) empty();
        if (added.some((one) => one instanceof HTMLElement && (one.matches(".pmtech") || one.querySelector(".pmtech")))) this.look();
      });
      this.observer.observe(document.body, { childList: true, subtree: true });
      holdUnits(document.body);
    }
    this.look();
    return () => this.panels.get(mount) === put && this.remove(mount);
  },
  remove(mount) {
    this.panels.delete(mount);
    for (const [el, empty] of this.filled) if (el.dataset.filled === mount) empty();
  },
});

// A number and its unit ("15 %"), and a heading's last word and its unit ("p95, ms"), stay on one line. The text itself is
// as it was, for whoever reads, compares or copies it.
function holdUnits(root) {
  if (!root.isConnected || root instanceof SVGElement) return; // what is drawn breaks no lines
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let text = root.nodeType === 3 ? root : texts.nextNode(); text; text = texts.nextNode()) {
    if (WITH_UNIT.test(text.data) && text.parentElement.matches(UNITS_IN) && !text.parentElement.closest(UNITS_NOT_IN)) found.push(text);
  }
  for (let text of found) {
    for (let hit; (hit = WITH_UNIT.exec(text.data)); ) {
      const held = text.splitText(hit.index);
      text = held.splitText(hit[0].length);
      held.replaceWith(h("pmtech-held", {}, held.data)); // a name that no style of a span or a b reaches
    }
  }
}
const WITH_UNIT = /(?:\d[\d.,]*|\S+,) (?:%|[mµ]?s|min|h|[kKMGT]i?B|USD|\$|cents|seconds?|minutes?|hours?|days?)(?![\w/])/;
const UNITS_IN = ".pmtech :is(p, li, td, th, dt, dd, b, em, strong, span, legend), .jp-MarkdownOutput :is(p, li, td, th, b, em, strong)";
const UNITS_NOT_IN = "svg, code, pre, button, pmtech-held, .pmtech-stage";

// alone: the panel lives on without its kernel, once it is drawn.
function onPage(render, { alone = false } = {}) {
  return {
    // Runs when the kernel opens the comm, whether or not anything was displayed.
    initialize({ model }) {
      const mount = model.get("_mount");
      catchUp(model, mount);
      // When the kernel is another one, an answerless panel must not stand there.
      const forget = page.add(mount, (el) => show(model, el, render, alone));
      model.on("comm_live_update", forget);
      const unwatch = onKernel(model, ({ gone }) => gone && forget());
      return () => (unwatch(), forget());
    },
    // Inside an ipywidgets box.
    render({ model, el }) {
      el.classList.add("pmtech", "mathjax_ignore");
      el.dataset.filled = "";
      return show(model, el, render, alone);
    },
  };
}

// Draws a panel into `el`; returns what takes it away again. Whatever goes wrong in it stays in it.
function show(model, el, render, alone) {
  const heard = []; // a div that is emptied must not go on listening to its model
  const on = (name, callback) => (heard.push([name, callback]), model.on(name, callback));
  const kernel = kernelOf(model);
  const toKernel = (act) => (...all) => {
    try {
      if (kernelOf(model) === kernel) act(...all);
    } catch (error) {
      console.warn(error); // it began anew a moment ago: nobody is left to be told
    }
  };
  const own = { ...model, on, send: toKernel(model.send), save_changes: toKernel(model.save_changes) };
  const problem = h("p", { class: "pmtech-error pmtech-stopped", role: "alert", hidden: true });
  const body = h("div");
  const say = (text) => (write(problem, text), (problem.hidden = !text));
  el.append(problem, body);
  el.addEventListener("keydown", goOn, true);
  const letGo = keepFocus(el);
  let cleanup, unwatch;
  try {
    cleanup = render({ model: own, el: body });
    if (!alone) unwatch = onKernel(model, ({ said }) => (say(said), (body.inert = Boolean(said))));
  } catch (error) {
    console.error(error);
    say(`This panel could not be drawn. ${BRING_BACK}`);
  }
  return () => {
    el.removeEventListener("keydown", goOn, true);
    letGo();
    for (const [name, callback] of heard) model.off(name, callback);
    unwatch?.();
    cleanup?.();
  };
}

// A page that begins late has missed what the kernel said meanwhile, so it asks for what has changed. And anywidget
// gives a panel two seconds to begin: if a busy page takes longer, it drops all messages from then on. Once those that
// wait for it are through (or are lost), they go to the model itself, in order.
async function catchUp(model, mount) {
  const own = await model.widget_manager?.get_model?.(mount.replace("pmtech-", ""));
  if (own?.comm) {
    const handle = Object.getPrototypeOf(own.constructor.prototype)._handle_comm_msg;
    let due = own._handle_comm_msg({ content: { data: {} } }).catch(() => {});
    own.comm.on_msg((message) => (due = due.then(() => handle.call(own, message)).catch(console.error)));
  }
  model.send({ kind: "catch up" });
}

// ---- its kernel ----------------------------------------------------------------------------

const STOPPED = `The kernel behind this panel has stopped. ${BRING_BACK}`;
const UNREACHED = "The kernel behind this panel cannot be reached. If this does not pass, start the lessons again as you did at first.";
const PATIENCE_MS = 3000; // for a connection that comes and goes

// null: there is none any more. On a page without JupyterLab nobody is asked: undefined.
function kernelOf({ widget_manager }) {
  if (!widget_manager || !("kernel" in widget_manager)) return undefined;
  const { kernel } = widget_manager;
  return kernel && !kernel.isDisposed && kernel.status !== "dead" ? kernel : null;
}

// Tells how the kernel of a panel is: { said } is a sentence when it does not answer, { gone } when it began anew.
function onKernel(model, tell) {
  const kernel = kernelOf(model);
  if (!kernel) return () => {};
  let late = 0;
  const stopped = () => tell({ said: STOPPED });
  const status = (_, now) => {
    if (/restarting/.test(now)) tell({ gone: true, said: "" });
    else if (/dead|terminating/.test(now)) stopped();
  };
  const connection = (_, now) => {
    clearTimeout(late);
    if (kernel.isDisposed || kernel.status === "dead") return;
    if (now === "connected") tell({ said: "" });
    else late = setTimeout(() => kernel.isDisposed || tell({ said: UNREACHED }), PATIENCE_MS);
  };
  kernel.statusChanged.connect(status);
  kernel.connectionStatusChanged.connect(connection);
  kernel.disposed.connect(stopped);
  return () => {
    clearTimeout(late);
    kernel.statusChanged.disconnect(status);
    kernel.connectionStatusChanged.disconnect(connection);
    kernel.disposed.disconnect(stopped);
  };
}

// ---- the one key ---------------------------------------------------------------------------

// Shift+Enter goes on from everywhere. JupyterLab's own shortcuts stop at our controls, where b and x are letters and the
// arrows turn something. In a panel that stands it means the next cell, as it would if the panel had not been touched:
// to run its own again would throw away what has just been tried. A cell that was changed since it ran is run itself.
function goOn(event) {
  if (event.key !== "Enter" || !event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
  const cell = event.currentTarget.closest(".jp-Cell");
  if (!cell) return;
  event.preventDefault();
  event.stopPropagation();
  const next = cell.matches(".jp-mod-dirty") ? null : [...cell.parentElement.children].find((one, n, all) => all[n - 1] === cell && one.matches(".jp-Cell"));
  const on = next ?? cell;
  on.focus({ preventScroll: true });
  on.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", code: "Enter", keyCode: 13, shiftKey: true, bubbles: true, cancelable: true }));
}

// A control that goes while it has the focus (disabled while it is busy, hidden, drawn anew) leaves the focus to its panel, and
// has it back when it is there again: at the top of the page, where browsers put it, no key would go on.
function keepFocus(el) {
  let held = null;
  const gone = () => !held.isConnected || held.matches(":disabled") || held.closest("[hidden], [inert]");
  const take = ({ target }) => target !== el && (held = target);
  const leave = ({ target, relatedTarget }) => {
    if (relatedTarget && !el.contains(relatedTarget)) held = null;
    if (target === el) STANDS_IN.forEach(([name]) => el.removeAttribute(name));
  };
  const seen = new MutationObserver(() => {
    const focused = document.activeElement;
    if (!held || ![held, el, document.body].includes(focused)) return;
    if (!gone()) return void (focused === el && held.focus({ preventScroll: true }));
    STANDS_IN.forEach((one) => el.setAttribute(...one));
    el.focus({ preventScroll: true });
  });
  el.addEventListener("focusin", take);
  el.addEventListener("focusout", leave);
  seen.observe(el, { subtree: true, childList: true, attributeFilter: ["disabled", "hidden", "inert"] });
  return () => {
    seen.disconnect();
    el.removeEventListener("focusin", take);
    el.removeEventListener("focusout", leave);
  };
}
// The focus goes there, or stays where it is; what lies beyond the edge of the screen comes as far as it takes to be seen.
function goTo(el, focused = true) {
  if (focused) el?.focus({ preventScroll: true });
  el?.scrollIntoView?.({ block: "nearest" });
}
const STANDS_IN = [["tabindex", "-1"], ["data-lm-suppress-shortcuts", "true"]];

// ---- elements ------------------------------------------------------------------------------

// h("label", { for: id, class: "name" }, "Workers"): attributes as in HTML; on* are listeners.
function h(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) el.setAttribute(name, value === true ? "" : value);
  }
  // Notebook shortcuts (b, x, arrows) must not fire while a control, or a text that scrolls, has the focus.
  if (/^(input|select|button|textarea)$/.test(tag) || attributes.role === "region") el.setAttribute("data-lm-suppress-shortcuts", "true");
  el.append(...children);
  return el;
}

let lastId = 0;
const newId = () => `pmtech-id-${Date.now().toString(36)}-${++lastId}`;

// Changing text only when it differs keeps screen readers quiet.
function write(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

// What is there changes to what shall be there, so that bars grow and shrink; only where the parts are others is it drawn anew
// (a style sheet in it stays: to put in another is a look over the whole page).
function redraw(el, html) {
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  turnInto(el, wanted.content);
}
function turnInto(now, then) {
  for (const { name, value } of then.attributes ?? []) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  const [mine, wanted] = [[...now.children], [...then.children]];
  const alike = mine.length === wanted.length && mine.every(({ tagName }, n) => tagName === wanted[n].tagName);
  if (!alike) now.replaceChildren(...then.childNodes);
  else if (mine.length) mine.forEach((one, n) => turnInto(one, wanted[n]));
  else write(now, then.textContent);
}

// ---- controls ------------------------------------------------------------------------------

// A row a slider or choice. turned({ path: value }) is told what a learner turns; show(values) puts all of them there.
function controls(described, turned) {
  const digits = (step) => Math.min(6, (String(step).split(".")[1] ?? "").length);
  const made = described.map(({ kind, path, label, unit, per = 1, options, low: min, high: max, step, default: first }) => {
    const id = newId();
    const name = h("label", { for: id }, label);
    const turn = (control) => turned({ [path]: Number(control.value) });
    if (kind === "choice") {
      const select = h("select", { id, onchange: () => turn(select) }, ...options.map((text, value) => h("option", { value }, text)));
      return { row: h("div", { class: "pmtech-control" }, name, select), show: (value) => (select.value = value) };
    }
    const times = unit === "%" ? 100 : 1 / per; // the model has shares of 1, and seconds
    const most = per > 1 ? 1 : Math.max(digits(times * step), digits(times * first));
    const format = new Intl.NumberFormat("en", { maximumFractionDigits: most });
    const output = h("output", { for: id });
    const range = h("input", { type: "range", id, min, max, step, oninput: () => (say(range.value), turn(range)) });
    const say = (value) => {
      const text = options ? (options[value] ?? "–") : `${format.format(times * value)} ${unit}`.trim();
      write(output, text);
      range.setAttribute("aria-valuetext", text);
    };
    const head = h("div", { class: "pmtech-control-head" }, name, output);
    return { row: h("div", { class: "pmtech-control" }, head, range), show: (value) => ((range.value = value), say(value)) };
  });
  return {
    rows: made.map(({ row }) => row),
    first: Object.fromEntries(described.map((one) => [one.path, one.default])),
    show: (values) => described.forEach(({ path }, n) => made[n].show(values[path])),
  };
}

// ---- charts --------------------------------------------------------------------------------

// plotly.js once a page: the first panel asks its kernel, all others wait for the same promise.
function loadPlotly(model) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  return (window.pmtechPlotly ??= new Promise((resolve, reject) => {
    const fail = (why) => {
      window.pmtechPlotly = undefined; // the next panel may ask again
      reject(new Error(why));
    };
    const late = setTimeout(fail, 20000, `The chart library did not arrive from the kernel. ${BRING_BACK}`);
    model.on("comm_live_update", () => fail(STOPPED));
    model.on("msg:custom", async (message, buffers) => {
      if (message?.kind !== "plotly") return;
      clearTimeout(late);
      const url = URL.createObjectURL(new Blob([buffers[0]], { type: "text/javascript" }));
      try {
        await import(url);
        resolve(window.Plotly);
      } catch (error) {
        fail(String(error));
      } finally {
        URL.revokeObjectURL(url);
      }
    });
    model.send({ kind: "plotly" });
  }));
}

// Figures name colours as custom properties, so that one figure serves the light and the dark theme. colour: of a name.
function resolveColours(value, colour) {
  if (typeof value === "string") return value.startsWith("var(--") ? colour(value.slice(4, -1)) : value;
  if (Array.isArray(value)) return value.map((item) => resolveColours(item, colour));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveColours(item, colour)]));
  }
  return value;
}

// A dash, a gap, a dash ... in px: what can be told in the short piece of a line that stands before its name.
const PIECES = { dash: [9, 9], dot: [2, 3], dashdot: [9, 3, 3, 3], longdash: [11, 5] };

// What moves with every turn of a slider as points of traces: words in the chart, names of its rows, the pieces of line before
// names. Annotations, tick labels and shapes are the dearest part of a chart that is drawn anew; points only move.
function lively({ data, layout }, { width, height }) {
  const { xaxis, yaxis, annotations = [], shapes = [] } = layout;
  const movable = ({ xref, yref, yanchor, textangle, bgcolor }) => !(xref || yref || yanchor || textangle || bgcolor);
  const isPiece = ({ type, xsizemode }) => type === "line" && xsizemode === "pixel";
  const font = { ...layout.template?.layout.yaxis?.tickfont, ...yaxis?.tickfont };
  const rows = (yaxis?.ticktext ?? []).map((text, n) => ({ text, x: xaxis.range[0], y: yaxis.tickvals[n], xanchor: "right", xshift: -2, font }));
  const notes = [...annotations.filter(movable), ...rows];
  if (!xaxis?.range || !yaxis?.range || !notes.length) return { data, layout };
  const margin = { ...layout.template?.layout.margin, ...layout.margin };
  const [low, end] = xaxis.range;
  const letters = (text) => Math.max(...text.replace(/<(?!br)[^>]*>|&\w+;/g, "").split("<br>").map(({ length }) => length));
  const long = ({ text, xshift = 0, font }) => xshift + 0.58 * font.size * letters(text);
  // Where there is little room, the axis ends earlier, in steps, so that no words are cut at the right; if that would leave too
  // little of it, they begin earlier.
  const all = width - margin.l;
  const toTheRight = notes.filter(({ x, xanchor }) => xanchor === "left" && x > low);
  const wanted = Math.max(...toTheRight.map((one) => all - (all - long(one)) * ((end - low) / (one.x - low))));
  if (wanted > margin.r) margin.r = Math.min(24 * Math.ceil(wanted / 24), Math.max(margin.r, all / 2));
  const perPx = (end - low) / Math.max(all - margin.r, 1);
  const crowds = (one, other) => one.xanchor === "center" && other.xanchor === "center" && one.y === other.y && Math.abs(one.x - other.x) / perPx < (long(one) + long(other)) / 2;
  const shown = notes.filter((one, n) => !notes.slice(0, n).some((other) => crowds(one, other)));
  // Words that would leave the chart begin earlier or end later; those at the left edge of it are the names of rows, outside.
  const beyond = ({ x, xanchor, xshift = 0, text, font }) => {
    const [at, wide] = [(x - low) / perPx + xshift, long({ text, font })];
    if (xanchor === "left") return Math.max(0, at + wide - all);
    return xanchor === "right" && x > low ? Math.min(0, at - wide) : 0;
  };
  const high = Math.max(height - margin.t - margin.b, 1);
  const upPerPx = (yaxis.range[1] - yaxis.range[0]) / high;
  // Words on a bar that is too short for them are written as those beside one.
  const fits = (one) => data.some(({ type, y, base, x }) => type === "bar" && y.some((at, n) => at === one.y && Math.abs(base[n] + x[n] / 2 - one.x) < x[n] / 4 && x[n] / perPx > long(one)));
  const inked = (one) => (one.font.weight && !fits(one) ? { ...one.font, color: layout.template.layout.font.color, weight: "normal" } : one.font);
  const boxes = notes.map((one) => {
    const { x, y, xanchor, yshift = 0, xshift = 0, text, font } = one;
    const [at, wide] = [(x - low) / perPx + xshift - beyond(one), long({ text, font })];
    const from = at - wide * ({ right: 1, center: 0.5 }[xanchor] ?? 0);
    return { one, from, to: from + wide, y: high - (y - yaxis.range[0]) / upPerPx - yshift, tall: 1.3 * font.size * text.split("<br>").length };
  });
  spread(boxes.filter(({ one }) => annotations.includes(one) && shown.includes(one)), high);
  const heights = new Map(boxes.map(({ one, y }) => [one, yaxis.range[0] + (high - y) * upPerPx]));
  const quiet = { type: "scatter", hoverinfo: "skip", cliponaxis: false };
  const dashes = shapes.filter(isPiece).flatMap(({ xanchor, x0, x1, y0, line: { color, width, dash } }) => {
    const lengths = PIECES[dash] ?? [x1 - x0, 0];
    const found = [];
    for (let n = 0, px = x0; px + lengths[n] <= x1; px += lengths[n], n = (n + 1) % lengths.length)
      if (n % 2 === 0) found.push({ x: low + xanchor * (end - low), y: heights.get(notes.find(({ y }) => y === y0)) ?? y0, px: px + lengths[n] / 2, size: lengths[n] / 1.4, color, width });
    return found;
  });
  dashes.sort((one, other) => one.color.localeCompare(other.color) || one.px - other.px); // which stands higher is a matter of places alone
  const of = (key) => dashes.map((one) => one[key]);
  const turned = { symbol: "line-ns-open", angle: -90, standoff: of("px") }; // points beyond the axes would not be drawn
  const marker = { ...turned, opacity: 1, color: of("color"), size: of("size"), line: { width: of("width") } };
  const pieces = { ...quiet, mode: "markers", x: of("x"), y: of("y"), marker };
  const words = {
    ...quiet,
    mode: "markers+text",
    x: shown.map((one) => one.x - beyond(one) * perPx),
    y: shown.map((one) => heights.get(one)),
    text: shown.map(({ text }) => text || " "), // for no words plotly takes their place away, and gives none to the next
    textposition: shown.map(({ xanchor }) => `middle ${{ left: "right", right: "left" }[xanchor] ?? "center"}`),
    textfont: Object.fromEntries(["size", "color", "weight"].map((name) => [name, shown.map((one) => inked(one)[name] ?? "normal")])),
    marker: { opacity: 0, size: shown.map(({ xanchor, xshift = 0 }) => 1.6 * Math.max(0, xanchor === "right" ? -xshift : xshift)) }, // its radius keeps the text away
  };
  return {
    data: [...data, ...(dashes.length ? [pieces] : []), words],
    layout: {
      ...layout,
      margin,
      annotations: annotations.filter((one) => !movable(one)),
      shapes: shapes.filter((one) => !isPiece(one)),
      yaxis: rows.length ? { ...yaxis, ticktext: [], tickvals: [], showticklabels: false } : yaxis,
    },
  };
}

// Words that would cover one another move apart, by as little as that takes, and stay inside; what stood higher stays higher.
function spread(boxes, high) {
  boxes.sort((one, other) => one.y - other.y);
  for (const one of boxes) Object.assign(one, { least: Math.min(one.y, one.tall / 2), most: Math.max(one.y, high - one.tall / 2) });
  for (let again = 8, moved = true; again && moved; again--) {
    moved = false;
    for (const [n, one] of boxes.entries())
      for (const other of boxes.slice(n + 1)) {
        const short = (one.tall + other.tall) / 2 - (other.y - one.y);
        if (short < 0.5 || one.to <= other.from || other.to <= one.from) continue;
        [one.y, other.y, moved] = [one.y - short / 2, other.y + short / 2, true];
      }
    for (const one of boxes) one.y = Math.max(one.least, Math.min(one.y, one.most));
  }
}

// The words at an axis in as many lines as they need.
function wrapped({ data, layout }, { width, height }) {
  const { xaxis, yaxis, template, margin } = layout;
  const { l, r, t, b } = { ...template?.layout.margin, ...margin };
  const x = inLines(xaxis, l, width - r, width);
  const below = b + 15 * (x.lines - 1);
  const y = inLines(yaxis, t, height - below, height);
  return { data, layout: { ...layout, xaxis: x.axis, yaxis: y.axis, margin: { ...margin, l: l + 15 * (y.lines - 1), b: below } } };
}

// An axis from here to there, of a chart so long, with its title in lines that stay inside.
function inLines(axis, from, to, end) {
  const text = axis?.title?.text;
  const most = Math.floor((2 * Math.min((from + to) / 2, end - (from + to) / 2)) / 6.4);
  if (!text || text.length <= most) return { axis, lines: 1 };
  const lines = [""];
  for (const word of text.split(" ")) {
    if (`${lines.at(-1)} ${word}`.trim().length > most) lines.push("");
    lines.push(`${lines.pop()} ${word}`.trim());
  }
  return { axis: { ...axis, title: { ...axis.title, text: lines.join("<br>") } }, lines: lines.length };
}

// What a figure is apart from where things stand in it. Where two are alike, one turns into the other by moving its points.
const PLACES = new Set(["x", "y", "base", "text", "textposition", "size"]);
const apartFromPlaces = (...drawn) =>
  JSON.stringify(drawn, (key, value) => ((PLACES.has(key) && Array.isArray(value)) || key === "textfont" ? Boolean(value.length) : value));

const AT_ONCE = { mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: false } };

// A plotly chart that fills `el`, follows its size and the theme, and is updated in place.
function chart(model, el) {
  let figure = null;
  let stands = ""; // what was drawn last, apart from places
  let painting = Promise.resolve();
  let waiting = false;
  // Asked for once: in the middle of a change each answer would cost a look over the whole page.
  let size = { width: 0, height: 0 };
  const colours = new Map(); // of this theme
  const colour = (name) => {
    if (!colours.has(name)) colours.set(name, getComputedStyle(el).getPropertyValue(name).trim());
    return colours.get(name);
  };
  const measure = () => (size = { width: el.clientWidth, height: el.clientHeight });
  const paint = async () => {
    waiting = false;
    const Plotly = await loadPlotly(model);
    if (!figure || !(size.width || measure().width)) return;
    const { data, layout } = lively(wrapped(resolveColours(figure, colour), size), size);
    const wanted = apartFromPlaces(data, layout, size);
    if (wanted === stands) return void (await Plotly.animate(el, { data, traces: data.map((_, n) => n) }, AT_ONCE));
    stands = "";
    el.querySelector(".pmtech-error")?.remove();
    await Plotly.react(el, data, { ...layout, ...size }, { displayModeBar: false, doubleClick: false });
    stands = wanted;
  };
  const fail = ({ message }) => {
    window.Plotly?.purge(el);
    el.replaceChildren(h("p", { class: "pmtech-error", role: "alert" }, message));
  };
  // One paint after the other, always of the latest figure; a failure of one never stops the next.
  const draw = (next) => {
    figure = next ?? figure;
    if (waiting) return;
    waiting = true;
    painting = painting.then(paint).catch(fail);
  };
  const resized = new ResizeObserver(() => {
    const { width, height } = size;
    if (Math.max(Math.abs(measure().width - width), Math.abs(size.height - height)) >= 1) draw();
  });
  resized.observe(el);
  // In the next frame: while it changes its theme, JupyterLab takes the page away for a moment.
  const themed = new MutationObserver(() => requestAnimationFrame(() => (colours.clear(), draw())));
  themed.observe(document.body, { attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  const stop = () => {
    resized.disconnect();
    themed.disconnect();
    window.Plotly?.purge(el);
  };
  return { draw, stop };
}
