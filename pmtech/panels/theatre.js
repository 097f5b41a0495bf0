// The theatre: requests as dots on the architecture, the chart below it, the bar that plays them. On canvas, from the
// browser's own clock; data come in advance, as tables of numbers (see panels/watch.py).

const [SENT, ENTERED, STARTED, LEFT, FINISHED] = [0, 1, 2, 3, 4];
const STEP_S = 0.5; // a step is what passes in so much time of playing
const DOTS_PER_S = 50; // more of them an eye can't follow
const GOLDEN = (Math.sqrt(5) - 1) / 2; // followed are those whose number times this, modulo 1, is below 1 / every
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

const nice = (value) => {
  for (let power = 1; ; power *= 10) for (const step of [1, 2, 5]) if (step * power >= value) return step * power;
};
const round = (value) => {
  if (!Number.isFinite(value)) return "–";
  const digits = value >= 20 || Math.abs(value - Math.round(value)) < 0.05 ? 0 : value >= 1 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
};
const inMs = (ms) => (!Number.isFinite(ms) ? "–" : ms < 1000 ? `${Math.round(ms)} ms` : `${round(ms / 1000)} s`);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const numbers = (view, Kind = Float64Array) => new Kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

// ---- colours and canvases ------------------------------------------------------------------

function paints(el) {
  const style = getComputedStyle(el);
  const of = (name) => style.getPropertyValue(`--pmtech-${name}`).trim();
  const names = ["text", "quiet", "ground", "raised", "line", "edge", "accent", "served", "waiting", "waiting-fill", "refused", "refused-fill", "timed-out"];
  return { ...Object.fromEntries(names.map((name) => [name, of(name)])), family: style.fontFamily };
}

// A canvas that fills `el`, sharp on every screen; `changed` is called when its size or the theme is another.
function surface(el, changed, ...classes) {
  const canvases = classes.map((name) => h("canvas", { class: name, "aria-hidden": "true" }));
  el.append(...canvases);
  const contexts = canvases.map((canvas) => canvas.getContext("2d"));
  const self = { width: 0, height: 0, paint: paints(el), contexts };
  const fit = () => {
    const ratio = window.devicePixelRatio || 1;
    [self.width, self.height] = [el.clientWidth, el.clientHeight];
    for (const canvas of canvases) {
      canvas.width = Math.round(self.width * ratio);
      canvas.height = Math.round(self.height * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    self.ratio = ratio;
    self.paint = paints(el);
    changed();
  };
  const resized = new ResizeObserver(() => {
    if (el.clientWidth !== self.width || el.clientHeight !== self.height || window.devicePixelRatio !== self.ratio) fit();
  });
  resized.observe(el);
  const themed = new MutationObserver(() => setTimeout(fit, 100)); // the theme's sheet comes a moment later
  themed.observe(document.body, { attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  self.stop = () => (resized.disconnect(), themed.disconnect());
  return self;
}

// ---- journeys ------------------------------------------------------------------------------

// What is known of each followed request. Work on it takes a place, the lowest that is free.
class Journeys {
  list = [];
  known = new Map();
  holders = []; // unit -> who has which place

  step(kind, number, where, at) {
    if (kind === SENT) {
      const journey = { number, source: where, sent: at, visits: [], finished: Infinity, status: 0, x: NaN, y: NaN, end: Infinity };
      this.known.set(number, journey);
      this.list.push(journey);
      return;
    }
    const journey = this.known.get(number);
    if (!journey) return;
    if (kind === FINISHED) {
      [journey.status, journey.finished] = [where, at];
    } else if (kind === ENTERED) {
      journey.visits.push({ unit: where, entered: at, started: Infinity, left: Infinity, place: -1 });
    } else {
      const visit = journey.visits.findLast((one) => one.unit === where);
      if (!visit) return;
      const places = (this.holders[where] ??= []);
      if (kind === LEFT) {
        visit.left = at;
        if (places[visit.place] === visit) places[visit.place] = null;
      } else {
        visit.started = at;
        if (visit.left <= at) return;
        visit.place = places.findIndex((holder) => !holder);
        if (visit.place < 0) visit.place = places.length;
        places[visit.place] = visit;
      }
    }
  }

  // Those that are over on the screen, too, are forgotten.
  prune(before) {
    const over = (journey) => journey.end < before;
    for (const journey of this.list) if (over(journey)) this.known.delete(journey.number);
    this.list = this.list.filter((journey) => !over(journey));
  }

  clear() {
    this.list = [];
    this.known.clear();
    this.holders = [];
  }
}

// Where a journey is at a moment. Travelling takes `hop` on the screen and nothing in the model, so every box shows its
// own moment, a hop later than the one before it; times of waiting and work are those of the model.
const [AWAY, THERE, WAITING, WORKING, BACK, OVER] = [0, 1, 2, 3, 4, 5];
function whereabouts(journey, at, hop, found) {
  const { visits } = journey;
  const last = visits.length - 1;
  found.what = AWAY;
  if (last < 0) return;
  for (let n = 0; n <= last; n++) {
    const visit = visits[n];
    const shift = (n + 1) * hop;
    found.n = n;
    if (at < visit.entered + shift) {
      if (at < visit.entered + shift - hop) return; // not here yet: it was found in the box before
      found.what = THERE;
      found.part = (at - visit.entered - shift + hop) / hop;
      return;
    }
    const goes = n < last ? visits[n + 1].entered : visit.left;
    if (at < goes + shift) {
      found.what = at < Math.min(visit.started, visit.left) + shift ? WAITING : WORKING;
      found.late = at > journey.finished + shift;
      return;
    }
  }
  const shift = (last + 1) * hop;
  let back = visits[last].left + shift;
  for (let n = last; n >= 0; n--) {
    found.n = n;
    if (at < back) {
      found.what = WORKING; // on its way back it is held up here, as on a network
      found.late = at > journey.finished + shift;
      return;
    }
    if (at < back + hop) {
      found.what = BACK;
      found.part = (at - back) / hop;
      return;
    }
    back += hop;
    if (n > 0) back = Math.max(back, visits[n - 1].left + shift + (last - n + 1) * hop);
  }
  found.what = OVER;
  journey.end = visits[last].left + shift * 2;
}

// ---- the stage -----------------------------------------------------------------------------

const stageHeight = (scene) => clamp((scene.height + 64) * 1.25, 192, 264);
const PAD = 12;
const LEAD = 15; // between two who wait
const DOT = 5.5;

function stage(el, scene) {
  const journeys = new Journeys();
  let states = []; // rows of (at_s, three numbers a unit)
  let units = scene.units;
  let plan = null;
  let drawn = ""; // what the background shows
  let looked = 0;
  let sprites = null;
  let hops = 1; // speed at which dots travel, following the wanted one smoothly
  const canvas = surface(el, () => ((plan = null), (drawn = ""), (sprites = null), self.onchange?.()), "pmtech-back", "pmtech-front");
  const [back, front] = canvas.contexts;

  // Columns keep their width; the gaps between them share what room there is.
  const arrange = () => {
    const { boxes, arrows } = scene;
    const columns = [...new Map(boxes.map((box) => [box.x, 0])).keys()].sort((a, b) => a - b).map((x) => {
      const inside = boxes.filter((box) => box.x === x);
      return { from: x, to: x + inside[0].span, width: Math.max(...inside.map((box) => box.width)) };
    });
    const wide = columns.reduce((sum, { width }) => sum + width, 0);
    const gaps = Math.max(1, columns.length - 1);
    // Large where there is room, for the back of the room; never so large that the lines have none.
    const scale = clamp(Math.min(canvas.width / (wide + gaps * 160), canvas.height / (scene.height + 56)), Math.min(1, canvas.width / (wide + gaps * 88)), 1.35);
    const gap = (canvas.width / scale - wide - 2) / gaps;
    let x = 1;
    const spans = columns.map((column) => {
      const span = { ...column, x };
      x += column.width + gap;
      return span;
    });
    // Corners lie in gaps, or at the edges of the columns that an arrow passes. Where arrows meet, the corner leaves
    // room for the line of those who wait.
    const across = (value, meets) => {
      const n = spans.findLastIndex(({ from }) => from <= value + 0.5);
      const { x, to, width } = spans[Math.max(0, n)];
      if (value < to - 0.5) return x;
      return value < to + 0.5 ? x + width : x + width + (meets ? 0.36 * gap : 20);
    };
    const room = canvas.height / scale;
    const top = Math.max(1, Math.min(room - scene.height - 8, (room - scene.height) * 0.66));
    const placed = boxes.map((box) => ({ ...box, x: spans.find(({ from }) => from === box.x).x, y: box.y - box.height / 2 + top, middle: box.y + top }));
    const paths = arrows.map(({ tail, head, points }) => {
      const meets = arrows.filter((arrow) => arrow.head === head).length > 1;
      const path = points.map(([px, py]) => [across(px, meets), py + top]);
      path[0][0] = placed[tail].x + placed[tail].width;
      path.at(-1)[0] = placed[head].x;
      return { tail, head, ...measured(path) };
    });
    const ways = new Map(paths.map((path) => [path.tail * 1000 + path.head, path]));
    const lanes = units.map(({ box, row }) => {
      const at = placed[box];
      const rows = units.filter((unit) => unit.box === box).length;
      const comes = paths.filter((path) => path.head === box);
      const room = comes.length > 1 ? 0.64 * gap - 20 : gap - 72;
      return { box: at, row, rows, cols: clamp(Math.floor(room / LEAD), 2, 60) };
    });
    plan = { scale, boxes: placed, paths, ways, lanes, room, depth: columns.length - 1, top };
  };

  const state = (at) => {
    let [low, high] = [0, states.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (states[middle][0] <= at) low = middle;
      else high = middle - 1;
    }
    return states[low];
  };

  // Rows of places of work in a box: as large as they fit.
  const slots = (unit, row) => {
    const { box } = plan.lanes[unit];
    const mine = units.map((one, n) => n).filter((n) => plan.lanes[n].box === box && (row[3 + 3 * n] !== 0 || row[2 + 3 * n] > 0));
    const shown = mine.length ? mine : [unit];
    const most = Math.max(1, ...shown.map((n) => row[3 + 3 * n]));
    const height = box.room / shown.length;
    const top = box.y + box.height - box.room - PAD / 2;
    const place = mine.indexOf(unit);
    let lines = 1; // a row may need several lines of places
    let size = 0;
    for (; lines <= 4; lines++) {
      const fits = Math.min(height / lines - 2, 22, (box.width - 2 * PAD) / Math.ceil(most / lines) - 2);
      if (fits > size) size = fits;
      else break;
    }
    lines = Math.max(1, lines - 1);
    return { top: top + place * height, height, size, lines, perLine: Math.ceil(most / lines), left: box.x + PAD, gone: place < 0 };
  };
  const slot = (rows, n) => {
    const line = Math.floor(n / rows.perLine) % rows.lines;
    const pitch = rows.size + 2;
    return [rows.left + (n % rows.perLine) * pitch + rows.size / 2, rows.top + (rows.height - rows.lines * pitch) / 2 + line * pitch + pitch / 2];
  };

  // The line before a machine: along the arrow from its box, then winding upwards.
  const inLine = (lane, rank, y, layers) => {
    const layer = Math.min(Math.floor(rank / lane.cols), layers - 1);
    const along = rank - layer * lane.cols;
    return [lane.box.x - 14 - (layer % 2 ? lane.cols - 1 - along : along) * LEAD, y - layer * LEAD];
  };

  const background = (row, at) => {
    const { paint } = canvas;
    back.save();
    back.scale(plan.scale, plan.scale);
    back.clearRect(0, 0, canvas.width / plan.scale, plan.room);
    for (const { points, length } of plan.paths) {
      back.lineWidth = 1.5;
      back.strokeStyle = paint.line;
      back.lineJoin = "round";
      back.beginPath();
      points.forEach(([x, y], n) => (n ? back.lineTo(x - (n === points.length - 1 ? 7 : 0), y) : back.moveTo(x, y)));
      back.stroke();
      const [x, y] = points.at(-1);
      back.fillStyle = paint.edge;
      back.beginPath();
      back.moveTo(x - 1, y);
      back.lineTo(x - 10, y - 5);
      back.lineTo(x - 10, y + 5);
      back.fill();
    }
    plan.boxes.forEach((box, number) => {
      const mine = units.map((unit, n) => n).filter((n) => units[n].box === number);
      const down = mine.filter((n) => row && row[3 + 3 * n] < 0).length;
      back.lineWidth = down === mine.length ? 2 : 1.5;
      back.strokeStyle = down === mine.length ? paint["refused-fill"] : paint.edge;
      back.fillStyle = paint.ground;
      back.beginPath();
      back.roundRect(box.x, box.y, box.width, box.height, 6);
      back.fill();
      back.stroke();
      back.save();
      back.translate(box.x + PAD, box.y + PAD - 1);
      back.scale(0.85, 0.85);
      back.strokeStyle = paint.quiet;
      back.lineWidth = 1.7;
      back.lineJoin = back.lineCap = "round";
      back.stroke(new Path2D(box.icon));
      back.restore();
      let y = box.y + PAD + 12;
      const write = (text, colour, font, x = box.x + PAD) => {
        back.fillStyle = colour;
        back.font = `${font} ${paint.family}`;
        back.fillText(text, x, y);
      };
      for (const line of box.lines) {
        write(line, paint.text, "600 15px", box.x + PAD + 24);
        y += 20;
      }
      for (const line of box.facts) {
        write(line, paint.quiet, "14px");
        y += 20;
      }
      if (!row) return;
      if (box.kind === "source") {
        const [sent, served, refused] = [0, 1, 2].map((one) => mine.reduce((sum, n) => sum + row[1 + 3 * n + one], 0));
        write(`${round(sent)} /s`, paint.text, "14px");
        let x = box.x + PAD + back.measureText(`${round(sent)} /s`).width + 10;
        for (const [kind, value, colour] of [["served", served, paint.served], ["refused", refused, paint.refused]]) {
          if (kind === "refused" && !value) continue;
          sprites[kind](back, x + 5, y - 5, 4.5);
          write(round(value), colour, "600 14px", x + 13);
          x += 13 + back.measureText(round(value)).width + 10;
        }
      }
      for (const n of mine) {
        const waiting = row[1 + 3 * n];
        const places = row[3 + 3 * n];
        if (box.kind === "station") {
          const rows = slots(n, row);
          if (rows.gone) continue;
          back.strokeStyle = places < 0 ? paint["refused-fill"] : paint.edge;
          back.lineWidth = 1;
          if (places < 0) {
            y = rows.top + rows.height / 2 + 5;
            sprites.refused(back, rows.left + 6, y - 5, 5);
            write("down", paint.refused, "600 14px", rows.left + 18);
          } else if (rows.size < 5) {
            back.strokeRect(rows.left, rows.top + 2, box.width - 2 * PAD, Math.max(3, rows.height - 4));
          } else {
            back.beginPath();
            for (let place = 0; place < places; place++) {
              const [px, py] = slot(rows, place);
              back.roundRect(px - rows.size / 2 + 0.5, py - rows.size / 2 + 0.5, rows.size - 1, rows.size - 1, 3);
            }
            back.stroke();
          }
        }
      }
      const waits = box.kind === "source" ? 0 : mine.reduce((sum, n) => sum + row[1 + 3 * n], 0);
      if (waits > 0) {
        const alone = mine.length === 1;
        const lane = plan.lanes[mine[0]];
        const layers = Math.max(1, Math.floor((lineTop(mine[0], row) - 26) / LEAD));
        const height = Math.min(Math.ceil(Math.ceil(waits / shown) / lane.cols), layers) * LEAD;
        y = alone ? lineTop(mine[0], row) - height + LEAD / 2 - 6 : box.y + box.height + 6;
        back.textAlign = "right";
        write(`${round(waits)} waiting`, paint.waiting, "600 16px", box.x - 8);
        back.textAlign = "left";
      }
    });
    back.restore();
  };
  const lineTop = (unit, row) => {
    const { box, rows } = plan.lanes[unit];
    if (rows === 1 || box.kind !== "station") return box.middle;
    const own = slots(unit, row);
    return own.top + own.height / 2;
  };

  let shown = 1; // one dot stands for so many
  const found = { what: 0, n: 0, part: 0, late: false };
  const smooth = []; // unit -> share of places at work, averaged

  const self = {
    feed(steps) {
      for (let n = 0; n < steps.length; n += 4) journeys.step(steps[n], steps[n + 1], steps[n + 2], steps[n + 3]);
    },
    step: (...step) => journeys.step(...step),
    states(rows, width) {
      for (let n = 0; n < rows.length; n += width) states.push(rows.subarray(n, n + width));
    },
    know(next, texts) {
      [units, plan, drawn] = [next, null, ""];
      texts.forEach((text, n) => Object.assign(scene.boxes[n], text));
    },
    // Has a dot not settled, or the background not been brought up to date?
    moving: () => performance.now() - looked < 400,
    clear() {
      journeys.clear();
      states = [];
      drawn = "";
    },
    forget(before) {
      journeys.prune(before);
      if (states.length > 400) states = states.filter((row) => row[0] >= before);
    },
    // How much longer, in seconds of the model, the last of what has happened can be seen.
    tail: (speed) => (calm.matches || !plan ? 0 : hopOf(speed) * 2 * (plan.depth + 1)),
    stop: canvas.stop,

    // Draw the moment `at`. speed: simulated seconds a second. every: one dot for so many. jump: nothing moves there, it is there.
    show(at, { speed, every, jump = false, elapsed = 0.016 }) {
      if (!canvas.width || !canvas.height) return;
      if (!plan) arrange();
      const { paint } = canvas;
      sprites ??= spritesOf(paint, canvas.ratio);
      shown = every;
      hops = jump ? speed : hops + (speed - hops) * (1 - Math.exp(-elapsed / 0.25));
      const hop = calm.matches ? 0 : hopOf(hops);
      const depthOf = (unit) => hop * (1 + scene_depth(unit));
      const row = states.length ? combined(at, depthOf) : null;

      const now = performance.now();
      const signature = row ? row.subarray(1).join() : "";
      if (signature !== drawn && (jump || now - looked > 200 || !drawn)) {
        background(row, at);
        [drawn, looked] = [signature, now];
      }

      front.clearRect(0, 0, canvas.width, canvas.height);
      front.save();
      front.scale(plan.scale, plan.scale);
      const lines = units.map(() => []);
      const active = [];
      for (const journey of journeys.list) {
        if (journey.sent > at || journey.end < at || (journey.number * GOLDEN) % 1 >= 1 / every) continue;
        whereabouts(journey, at, hop, found);
        if (found.what === AWAY || found.what === OVER) {
          journey.x = NaN;
          continue;
        }
        const visit = journey.visits[found.n];
        const one = { journey, visit, ...found };
        if (found.what === WAITING) lines[visit.unit].push(one);
        active.push(one);
      }
      lines.forEach((line) => line.sort((a, b) => a.visit.entered - b.visit.entered));
      lines.forEach((line) => line.forEach((one, rank) => (one.rank = rank)));

      const layers = plan.lanes.map((lane, unit) =>
        lane.rows > 1 && lane.box.kind === "station" ? 1 : Math.max(1, Math.floor(((row ? lineTop(unit, row) : 99) - 26) / LEAD)),
      );
      // Places at work: as a whole where single requests are too many or too quick to be told apart.
      if (row) {
        units.forEach((_, unit) => {
          if (plan.lanes[unit].box.kind !== "station") return;
          const [busy, places] = [row[2 + 3 * unit], row[3 + 3 * unit]];
          const rows = slots(unit, row);
          if (rows.gone || places < 0) return;
          smooth[unit] = jump || smooth[unit] === undefined ? busy : smooth[unit] + (busy - smooth[unit]) * (1 - Math.exp(-elapsed / 0.2));
          if (every === 1 && rows.size >= 5) return;
          front.fillStyle = paint.served;
          if (rows.size < 5) {
            front.globalAlpha = 0.55;
            front.fillRect(rows.left + 1, rows.top + 3, ((plan.lanes[unit].box.width - 2 * PAD - 2) * Math.min(smooth[unit], places)) / Math.max(1, places), Math.max(2, rows.height - 6));
          } else {
            for (let place = 0; place < Math.min(Math.ceil(smooth[unit]), places); place++) {
              const [x, y] = slot(rows, place);
              front.globalAlpha = 0.85 * clamp(smooth[unit] - place, 0, 1);
              front.beginPath();
              front.roundRect(x - rows.size / 2 + 2, y - rows.size / 2 + 2, rows.size - 4, rows.size - 4, 2);
              front.fill();
            }
          }
          front.globalAlpha = 1;
        });
      }

      const ease = jump || calm.matches ? 1 : 1 - Math.exp(-elapsed / 0.05);
      const glide = (journey, x, y) => {
        if (Number.isNaN(journey.x)) [journey.x, journey.y] = [x, y];
        journey.x += (x - journey.x) * ease;
        journey.y += (y - journey.y) * ease;
      };
      for (const { journey, visit, what, n, part, rank, late } of active) {
        const lane = plan.lanes[visit.unit];
        const before = n ? plan.lanes[journey.visits[n - 1].unit].box : plan.lanes[journey.source].box;
        const way = plan.ways.get(plan.boxes.indexOf(before) * 1000 + plan.boxes.indexOf(lane.box));
        const held = journey.visits;
        for (let outer = 0; outer < n && what !== BACK; outer++) {
          // The places it keeps while it waits for what lies further down.
          const kept = held[outer];
          if (kept.place >= 0 && at < kept.left + (outer + 1) * hop && every === 1) {
            const rows = slots(kept.unit, row);
            if (!rows.gone && rows.size >= 5) sprites.held(front, ...slot(rows, kept.place), rows.size / 2 - 3);
          }
        }
        if (what === THERE && way) {
          const waits = visit.started > visit.entered && lane.box.kind !== "source";
          const ahead = waits ? lines[visit.unit].length : 0;
          const [x, y] = along(way, part, 14 + Math.min(ahead, lane.cols) * LEAD);
          [journey.x, journey.y] = [x, y];
          sprites.travels(front, x, y, DOT);
        } else if (what === BACK && way) {
          const [x, y] = along(way, 1 - part, 0);
          [journey.x, journey.y] = [x, y + 11];
          const kind = journey.status === 200 ? "served" : journey.status === 504 ? "late" : journey.status ? "refused" : "travels";
          sprites[kind](front, x, y + 11, DOT);
        } else if (what === WAITING && lane.box.kind !== "source") {
          const [x, y] = inLine(lane, rank, row ? lineTop(visit.unit, row) : lane.box.middle, layers[visit.unit]);
          glide(journey, x, y);
          if (rank < lane.cols * layers[visit.unit]) sprites[late ? "late" : "waiting"](front, journey.x, journey.y, DOT);
        } else if (what === WORKING && row) {
          const rows = lane.box.kind === "station" ? slots(visit.unit, row) : null;
          if (rows && (rows.gone || rows.size < 5)) continue;
          const spread = ((journey.number * 0.618) % 1) - 0.5;
          const [x, y] = rows ? slot(rows, Math.max(0, visit.place)) : [lane.box.x + lane.box.width * (0.5 + 0.6 * spread), lane.box.y + lane.box.height - 10];
          if (rows && every > 1) continue;
          glide(journey, x, y);
          sprites[late ? "late" : "working"](front, journey.x, journey.y, rows ? clamp(rows.size / 2 - 2, 2.5, 6.5) : 4);
        }
      }
      front.restore();
    },
  };
  // The state of every machine at its own moment; how many places it has is shown at once.
  const combined = (at, shift) => {
    const row = state(at).slice();
    units.forEach((_, unit) => {
      const own = state(at - shift(unit));
      for (let n = 1; n <= 2; n++) row[3 * unit + n] = own[3 * unit + n] ?? 0;
      if (plan.lanes[unit].box.kind === "source") row[3 * unit + 3] = own[3 * unit + 3] ?? 0;
    });
    return row;
  };
  const scene_depth = (unit) => {
    const box = plan.lanes[unit].box;
    if (box.kind === "source") return -1;
    return plan.boxes.reduce((set, other) => (other.x < box.x - 1 ? set.add(Math.round(other.x)) : set), new Set()).size - 1;
  };
  const hopOf = (speed) => (speed * clamp(1.2 / plan.depth, 0.35, 0.8)); // so long it travels from box to box
  return self;
}

function measured(points) {
  const lengths = points.slice(1).map(([x, y], n) => Math.hypot(x - points[n][0], y - points[n][1]));
  return { points, lengths, length: lengths.reduce((sum, one) => sum + one, 0) };
}

// The point at a share of the way that ends `short` pixels before its end.
function along({ points, lengths, length }, share, short) {
  let rest = clamp(share, 0, 1) * Math.max(0, length - short);
  for (let n = 0; n < lengths.length; n++) {
    if (rest <= lengths[n] || n === lengths.length - 1) {
      const part = lengths[n] ? rest / lengths[n] : 0;
      const [[x0, y0], [x1, y1]] = [points[n], points[n + 1]];
      return [x0 + (x1 - x0) * part, y0 + (y1 - y0) * part];
    }
    rest -= lengths[n];
  }
}

// Every kind of dot has its shape and is painted once: waiting and at work are circles, refused a cross, given up a square.
function spritesOf(paint, ratio) {
  const circle = (fill, stroke) => (context, x, y, r) => {
    context.beginPath();
    context.arc(x, y, r, 0, 2 * Math.PI);
    if (fill) (context.fillStyle = fill), context.fill();
    if (stroke) (context.strokeStyle = stroke), (context.lineWidth = 1.5), context.stroke();
  };
  const square = (context, x, y, r) => {
    context.fillStyle = paint["timed-out"];
    context.fillRect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  };
  const cross = (context, x, y, r) => {
    context.strokeStyle = paint["refused-fill"];
    context.lineWidth = Math.max(2, r * 0.55);
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(x - r * 0.75, y - r * 0.75);
    context.lineTo(x + r * 0.75, y + r * 0.75);
    context.moveTo(x + r * 0.75, y - r * 0.75);
    context.lineTo(x - r * 0.75, y + r * 0.75);
    context.stroke();
  };
  const kinds = {
    travels: circle(paint.edge),
    waiting: circle(paint["waiting-fill"], paint.waiting),
    working: circle(paint.served),
    held: circle(null, paint.served),
    served: circle(paint.served),
    refused: cross,
    late: square,
  };
  const stamps = new Map();
  const stamp = (name) => (context, x, y, r) => {
    const key = `${name} ${r}`;
    let image = stamps.get(key);
    if (!image) {
      const size = Math.ceil(2 * r + 4);
      image = document.createElement("canvas");
      image.width = image.height = size * ratio;
      const own = image.getContext("2d");
      own.scale(ratio, ratio);
      kinds[name](own, size / 2, size / 2, r);
      image.size = size;
      stamps.set(key, image);
    }
    context.drawImage(image, x - image.size / 2, y - image.size / 2, image.size, image.size);
  };
  return Object.fromEntries(Object.keys(kinds).map((name) => [name, stamp(name)]));
}

// ---- the chart -----------------------------------------------------------------------------

const BANDS = [
  { unit: ["requests", "a second"], lines: [[1, "sent", "quiet", [2, 3]], [2, "served", "served", []], [3, "refused", "refused-fill", [7, 4]]], says: round },
  { unit: ["time to", "answer"], lines: [[4, "p50", "quiet", [2, 3]], [5, "p95", "accent", []]], says: inMs },
  { unit: ["in the", "system"], lines: [[6, "inside", "waiting-fill", []]], says: round },
];
const MARGIN = { left: 128, right: 128, bottom: 20, between: 10 };

// Three bands over one axis of time. Samples are rows of seven numbers: see panels/watch.py.
function strips(el, { words = true } = {}) {
  const TOP = words ? 40 : 8; // room for the words of changes
  let samples = [];
  let marks = [];
  const tops = BANDS.map(() => 0); // of the axes as they are drawn, on their way to
  const aims = BANDS.map(() => 0);
  const canvas = surface(el, () => self.onchange?.(), "pmtech-strips");
  const [context] = canvas.contexts;
  const ceiling = (value) => {
    const unit = 10 ** Math.floor(Math.log10(value));
    return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= value * 1.02) * unit || 10 * unit;
  };
  const self = {
    add(rows) {
      for (let n = 0; n < rows.length; n += 7) samples.push(rows.subarray(n, n + 7));
    },
    mark: (next) => (marks = next),
    clear: () => ((samples = []), (marks = [])),
    forget: (before) => samples.length > 600 && (samples = samples.filter((row) => row[0] >= before)),
    latest: (at) => samples.findLast((row) => row[0] <= at),
    stop: canvas.stop,
    moving: () => tops.some((top, band) => Math.abs(top - aims[band]) > 0.01 * aims[band]),
    seek: (x, from, to) => from + clamp((x - MARGIN.left) / (canvas.width - MARGIN.left - MARGIN.right), 0, 1) * (to - from),

    show(from, to, { at = to, elapsed = 0.016, cursor = false } = {}) {
      if (!canvas.width || !canvas.height) return;
      const { paint, width, height } = canvas;
      const right = width - MARGIN.right;
      const across = (time) => MARGIN.left + ((time - from) / (to - from)) * (right - MARGIN.left);
      const tall = (height - TOP - MARGIN.bottom - MARGIN.between * (BANDS.length - 1)) / BANDS.length;
      const seen = samples.filter((row) => row[0] >= from - 1 && row[0] <= to);
      const font = (size, weight = 400) => (context.font = `${weight} ${size}px ${paint.family}`);
      context.clearRect(0, 0, width, height);
      context.textBaseline = "alphabetic";

      font(12);
      context.fillStyle = paint.quiet;
      const every = nice((to - from) / 8);
      for (let tick = Math.ceil(from / every) * every; tick <= to; tick += every) {
        const x = across(tick);
        context.textAlign = x > right - 24 ? "right" : x < MARGIN.left + 8 ? "left" : "center";
        context.fillText(`${round(tick)} s`, x, height - 6);
      }
      BANDS.forEach(({ unit, lines, says }, band) => {
        const top = TOP + band * (tall + MARGIN.between);
        const base = top + tall;
        const highest = seen.reduce((most, row) => lines.reduce((one, [n]) => (row[n] > one ? row[n] : one), most), 0);
        const wanted = aims[band] = ceiling(Math.max(highest, band === 1 ? 10 : 5));
        tops[band] = tops[band] && !calm.matches ? tops[band] + (wanted - tops[band]) * (1 - Math.exp(-elapsed / 0.15)) : wanted;
        const up = (value) => base - (Math.min(value, tops[band]) / tops[band]) * (tall - 2);
        context.fillStyle = paint.raised;
        context.fillRect(MARGIN.left, top, right - MARGIN.left, tall);
        context.lineJoin = "round";
        for (const [n, , colour, dash] of lines) {
          context.strokeStyle = paint[colour];
          context.lineWidth = dash.length && n !== 3 ? 2 : 2.5;
          context.setLineDash(dash);
          context.beginPath();
          let on = false;
          for (const row of seen) {
            const nothing = Number.isNaN(row[n]) || (n === 3 && !row[n]); // no line where nobody is refused
            if (on && (!nothing || n === 3)) context.lineTo(across(row[0]), up(row[n]));
            else if (!nothing) context.moveTo(across(row[0]), up(row[n]));
            on = !nothing;
          }
          context.save();
          context.clip(clipOf(MARGIN.left, top, right - MARGIN.left, tall));
          context.stroke();
          context.restore();
        }
        context.setLineDash([]);
        context.textAlign = "left";
        context.fillStyle = paint.text;
        font(14);
        unit.forEach((line, n) => context.fillText(line, 0, top + tall / 2 + (n ? 15 : -3)));
        context.textAlign = "right";
        context.fillStyle = paint.quiet;
        font(12);
        context.fillText(says(wanted), MARGIN.left - 8, top + 10);
        context.fillText("0", MARGIN.left - 8, base);
        // The lines' names and present values, beside their ends and never over one another.
        const last = self.latest(at);
        if (!last) return;
        const names = lines.filter(([n]) => n !== 3 || last[n] > 0).map(([n, name, colour]) => ({ name, value: last[n], y: Number.isNaN(last[n]) ? base : up(last[n]), colour }));
        names.sort((a, b) => a.y - b.y);
        const [first, lowest] = [top + 8, base - 6];
        names.forEach((one, n) => (one.y = Math.max(one.y, n ? names[n - 1].y + 17 : first)));
        for (let n = names.length - 1; n >= 0; n--) names[n].y = Math.min(names[n].y, n < names.length - 1 ? names[n + 1].y - 17 : lowest);
        for (const { name, value, y, colour } of names) {
          context.fillStyle = colour === "refused-fill" ? paint.refused : colour === "waiting-fill" ? paint.waiting : paint[colour];
          font(15, 600);
          context.textAlign = "right";
          context.fillText(says(value), width - 62, y + 5);
          context.textAlign = "left";
          font(14);
          context.fillText(name, width - 56, y + 5);
        }
      });
      if (cursor) {
        context.strokeStyle = paint.text;
        context.lineWidth = 1.5;
        context.beginPath();
        context.moveTo(across(at), TOP);
        context.lineTo(across(at), height - MARGIN.bottom);
        context.stroke();
      }
      // Changes: a line each, and the words of as many as there is room for, the latest first.
      const free = [right, right]; // two rows of words
      font(13, 600);
      for (const { from: since, at: when, words } of [...marks].reverse()) {
        if (when < from || when > to) continue;
        const x = across(when);
        context.strokeStyle = paint.text;
        context.lineWidth = 1;
        context.setLineDash([3, 3]);
        context.beginPath();
        context.moveTo(x, TOP - 4);
        context.lineTo(x, height - MARGIN.bottom);
        context.stroke();
        context.setLineDash([]);
        if (since < when) {
          context.globalAlpha = 0.08;
          context.fillStyle = paint.text;
          context.fillRect(across(since), TOP, x - across(since), height - TOP - MARGIN.bottom);
          context.globalAlpha = 1;
        }
        const long = context.measureText(words).width;
        const line = free.findIndex((end) => Math.min(x + 4, end - long) + long >= x);
        if (line < 0) continue;
        const left = Math.min(x + 4, free[line] - long);
        context.fillStyle = paint.text;
        context.textAlign = "left";
        context.fillText(words, left, TOP - 8 - 16 * line);
        free[line] = left - 12;
      }
    },
  };
  return self;
}

function clipOf(x, y, width, height) {
  const path = new Path2D();
  path.rect(x, y, width, height);
  return path;
}

// ---- the bar -------------------------------------------------------------------------------

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

// play(on), step(direction), reset(), speed(value); `more` are buttons of the panel's own. Space plays and pauses, the arrow steps.
function transport(root, { speeds, speed, play, step, reset, backwards = false }, ...more) {
  let playing = false;
  const toggle = () => play(!playing);
  const start = button("play", "Play", toggle);
  start.classList.add("pmtech-primary", "pmtech-play");
  const id = newId();
  const select = h("select", { id, onchange: () => speed.set(Number(select.value)) }, ...speeds.map((value) => h("option", { value }, `${value}×`)));
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
  root.tabIndex = 0;
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  root.addEventListener("keydown", (event) => {
    const on = event.target.closest("button, select, input");
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const keys = { " ": toggle, ArrowRight: () => step(1), ...(backwards && { ArrowLeft: () => step(-1) }) };
    const act = keys[event.key];
    if (!act || on?.matches("select") || (event.key === " " ? on?.matches("button") : on?.matches("input"))) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
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

// ---- what both panels show -----------------------------------------------------------------

function legend(everyEl) {
  const item = (kind, words) => h("span", { class: `pmtech-key pmtech-key-${kind}` }, h("i", { "aria-hidden": "true" }), words);
  return h(
    "div",
    { class: "pmtech-legend" },
    ...[["travels", "on its way"], ["waiting", "waiting"], ["working", "at work, served"], ["refused", "refused"], ["late", "gave up"]].map((one) => item(...one)),
    everyEl,
  );
}
const perDot = (every) => (every === 1 ? "1 dot = 1 request" : `1 dot = ${every.toLocaleString("en")} requests`);

// Calls frame(elapsed seconds) before every paint while it says true, and again after wake().
function frames(frame) {
  let id = 0;
  let last = 0;
  const go = (now) => {
    const elapsed = last ? Math.min(0.1, (now - last) / 1000) : 0.016;
    last = now;
    id = frame(elapsed) ? requestAnimationFrame(go) : 0;
  };
  const wake = () => {
    if (id) return;
    last = 0;
    id = requestAnimationFrame(go);
  };
  return { wake, stop: () => cancelAnimationFrame(id) };
}
