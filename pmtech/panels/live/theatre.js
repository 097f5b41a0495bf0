// The theatre: requests as dots on the architecture, the chart below it, the bar that plays them. On canvas, from the
// browser's own clock; data come in advance, as tables of numbers (see panels/watch.py).

const [SENT, ENTERED, STARTED, LEFT, FINISHED] = [0, 1, 2, 3, 4];
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60];
const STEP_S = 0.5; // a step is what passes in so much time of playing
const DOTS_PER_S = 50; // more of them an eye can't follow
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const followed = ({ number }, every) => (number * GOLDEN) % 1 < 1 / every;
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
  prune(over) {
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

const stageHeight = (scene) => clamp((scene.height + 64) * 1.25, 192, 248); // with the chart below it no higher than a page of 720 pixels shows
const PAD = 12;
const LEAD = 15; // between two who wait
const DOT = 5.5;
const PLACE = 22; // a place of work, at most
const LEAST = 5; // below that, places are drawn as one bar

// Where everything stands in `width` by `height`: columns keep their width, the gaps between them share the rest.
function arranged(scene, units, width, height) {
  const columns = [...new Set(scene.boxes.map((box) => box.x))].sort((a, b) => a - b).map((from) => {
    const inside = scene.boxes.filter((box) => box.x === from);
    return { from, to: from + inside[0].span, width: Math.max(...inside.map((box) => box.width)) };
  });
  const wide = columns.reduce((sum, column) => sum + column.width, 0);
  const gaps = Math.max(1, columns.length - 1);
  // Large where there is room, for the back of the room; never so large that the lines have none.
  const least = Math.min(1, width / (wide + gaps * 88));
  const scale = clamp(Math.min(width / (wide + gaps * 160), height / (scene.height + 56)), least, 1.35);
  const gap = (width / scale - wide - 2) / gaps;
  columns.reduce((x, column) => ((column.x = x), x + column.width + gap), 1);

  // Corners lie in gaps, or at the edges of the columns that an arrow passes. Where arrows meet, the corner leaves
  // room for the line of those who wait.
  const across = (value, meets) => {
    const { x, to, width } = columns.findLast(({ from }) => from <= value + 0.5) ?? columns[0];
    if (value < to - 0.5) return x;
    return value < to + 0.5 ? x + width : x + width + (meets ? 0.36 * gap : 20);
  };
  const top = Math.max(1, Math.min(height / scale - scene.height - 8, (height / scale - scene.height) * 0.66));
  const boxes = scene.boxes.map((box) => {
    const column = columns.findIndex(({ from }) => from === box.x);
    return { ...box, column, x: columns[column].x, y: box.y - box.height / 2 + top, middle: box.y + top };
  });
  const meets = (head) => scene.arrows.filter((arrow) => arrow.head === head).length > 1;
  const paths = scene.arrows.map(({ tail, head, points }) => {
    const path = points.map(([x, y]) => [across(x, meets(head)), y + top]);
    path[0][0] = boxes[tail].x + boxes[tail].width;
    path.at(-1)[0] = boxes[head].x;
    const lengths = path.slice(1).map(([x, y], n) => Math.hypot(x - path[n][0], y - path[n][1]));
    return { tail, head, points: path, lengths, length: lengths.reduce((sum, one) => sum + one, 0) };
  });
  const machines = units.map(({ box }) => {
    const room = meets(box) ? 0.64 * gap - 20 : gap - 72;
    return { number: box, box: boxes[box], cols: clamp(Math.floor(room / LEAD), 2, 60) };
  });
  return { scale, boxes, paths, machines, height: height / scale, depth: columns.length - 1 };
}

// For every machine its row in the box: how many places of work of what size, where; and how its line winds.
function rowsOf({ machines }, row, holders) {
  const shown = new Map(); // box -> those of its machines that are shown
  machines.forEach(({ number }, n) => {
    if (!row || row[3 * n + 3] !== 0 || row[3 * n + 2] > 0) shown.set(number, [...(shown.get(number) ?? []), n]);
  });
  return machines.map(({ number, box, cols }, unit) => {
    const beside = shown.get(number) ?? [];
    const rank = beside.indexOf(unit);
    const alone = beside.length <= 1 || box.kind !== "station";
    const height = box.room / Math.max(1, beside.length);
    const top = box.y + box.height - box.room - PAD / 2 + rank * height;
    // Who holds a place that was taken away keeps it until the work is done.
    const placesOf = (n) => Math.max(row?.[3 * n + 3] ?? 0, 1 + (holders[n]?.findLastIndex(Boolean) ?? -1));
    const most = Math.max(1, ...beside.map(placesOf));
    let [lines, size] = [1, 0];
    for (let tried = 1; tried <= 4; tried++) {
      const fits = Math.min(height / tried - 2, PLACE, (box.width - 2 * PAD) / Math.ceil(most / tried) - 2);
      if (fits > size) [lines, size] = [tried, fits];
    }
    const perLine = Math.ceil(most / lines);
    const place = (n) => {
      const pitch = size + 2;
      const line = Math.floor(n / perLine) % lines;
      return [box.x + PAD + (n % perLine) * pitch + size / 2, top + (height - lines * pitch) / 2 + (line + 0.5) * pitch];
    };
    const y = alone ? box.middle : top + height / 2;
    const layers = alone ? Math.max(1, Math.floor((y - 26) / LEAD)) : 1;
    // The line begins at the box, along its arrow, and winds upwards.
    const waits = (rank) => {
      const layer = Math.min(Math.floor(rank / cols), layers - 1);
      const along = rank - layer * cols;
      return [box.x - 14 - (layer % 2 ? cols - 1 - along : along) * LEAD, y - layer * LEAD];
    };
    return { hidden: rank < 0, alone, top, height, size, place, y, layers, waits, room: cols * layers };
  });
}

// What stands still, or changes a few times a second: boxes, arrows, places of work, words.
function background(context, plan, rows, row, paint, sprites, lines) {
  context.save();
  context.scale(plan.scale, plan.scale);
  context.clearRect(0, 0, 1e4, plan.height);
  context.lineJoin = context.lineCap = "round";
  for (const { points } of plan.paths) {
    const [x, y] = points.at(-1);
    context.lineWidth = 1.5;
    context.strokeStyle = paint.line;
    context.beginPath();
    for (const [px, py] of points) context.lineTo(px === x ? x - 7 : px, py);
    context.stroke();
    context.fillStyle = paint.edge;
    context.fill(new Path2D(`M${x - 1} ${y}l-9 -5v10z`));
  }
  plan.boxes.forEach((box, number) => {
    const mine = plan.machines.flatMap((machine, n) => (machine.number === number ? [n] : []));
    const sum = (n) => mine.reduce((all, unit) => all + (row?.[3 * unit + n] ?? 0), 0);
    const dead = mine.length && mine.every((n) => row?.[3 * n + 3] < 0);
    context.lineWidth = dead ? 2 : 1.5;
    context.strokeStyle = dead ? paint["refused-fill"] : paint.edge;
    context.fillStyle = paint.ground;
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, 6);
    context.fill();
    context.stroke();
    context.save();
    context.translate(box.x + PAD, box.y + PAD - 1);
    context.scale(0.85, 0.85);
    context.strokeStyle = paint.quiet;
    context.lineWidth = 1.7;
    context.stroke(new Path2D(box.icon));
    context.restore();

    const left = box.x + PAD;
    let y = box.y + PAD + 12;
    const say = (text, colour, font, x = left) => {
      context.fillStyle = colour;
      context.font = `${font} ${paint.family}`;
      context.fillText(text, x, y);
      return x + context.measureText(text).width;
    };
    for (const line of box.lines) {
      say(line, paint.text, "600 15px", left + 24);
      y += 20;
    }
    for (const line of box.facts) {
      say(line, paint.quiet, "14px");
      y += 20;
    }
    if (!row) return;
    if (box.kind === "source") {
      let x = say(`${round(sum(1))} /s`, paint.text, "14px");
      for (const [kind, value] of [["served", sum(2)], ["refused", sum(3)]]) {
        if (kind === "refused" && !value) continue;
        sprites[kind](context, x + 15, y - 5, 4.5);
        x = say(round(value), paint[kind], "600 14px", x + 23);
      }
      return;
    }
    context.lineWidth = 1;
    for (const n of box.kind === "station" ? mine : []) {
      const { hidden, top, height, size, place } = rows[n];
      const places = row[3 * n + 3];
      context.strokeStyle = paint.edge;
      if (hidden) continue;
      if (places < 0) {
        const long = clamp(height, 10, 14);
        y = top + height / 2 + 0.36 * long;
        sprites.refused(context, left + 6, top + height / 2, 0.36 * long);
        say(places < -1 ? "left out" : "down", paint.refused, `600 ${long}px`, left + 18);
      } else if (size < LEAST) {
        context.strokeRect(left, top + 2, box.width - 2 * PAD, Math.max(3, height - 4));
      } else {
        context.beginPath();
        for (let at = 0; at < places; at++) {
          const [px, py] = place(at);
          context.roundRect(px - size / 2 + 0.5, py - size / 2 + 0.5, size - 1, size - 1, 3);
        }
        context.stroke();
      }
    }
    const waiting = sum(1);
    if (waiting > 0) {
      const { alone, y: middle, layers } = rows[mine[0]];
      const used = clamp(Math.ceil(lines[mine[0]].length / plan.machines[mine[0]].cols), 1, layers); // the words stand above the dots
      y = alone ? middle - used * LEAD + LEAD / 2 - 6 : box.y + box.height + 15;
      context.textAlign = "right";
      say(`${round(waiting)} waiting`, paint.waiting, "600 16px", box.x - 8);
      context.textAlign = "left";
    }
  });
  context.restore();
}

// The point at a share of the way that ends `short` pixels before its end.
function along({ points, lengths, length }, share, short) {
  let rest = clamp(share, 0, 1) * Math.max(0, length - short);
  let n = 0;
  while (n < lengths.length - 1 && rest > lengths[n]) rest -= lengths[n++];
  const part = lengths[n] ? rest / lengths[n] : 0;
  const [[x0, y0], [x1, y1]] = [points[n], points[n + 1]];
  return [x0 + (x1 - x0) * part, y0 + (y1 - y0) * part];
}

// Every kind of dot has its shape and is painted once: on the way, waiting and at work are circles, refused is a
// cross, given up a square.
function spritesOf(paint, ratio) {
  const circle = (fill, stroke) => (context, r) => {
    context.arc(0, 0, r, 0, 2 * Math.PI);
    if (fill) (context.fillStyle = fill), context.fill();
    if (stroke) (context.strokeStyle = stroke), (context.lineWidth = 1.5), context.stroke();
  };
  const square = (context, r) => {
    context.fillStyle = paint["timed-out"];
    context.fillRect(-0.9 * r, -0.9 * r, 1.8 * r, 1.8 * r);
  };
  const cross = (context, r) => {
    const a = 0.75 * r;
    context.strokeStyle = paint["refused-fill"];
    context.lineWidth = Math.max(2, 0.55 * r);
    context.lineCap = "round";
    context.stroke(new Path2D(`M${-a} ${-a}L${a} ${a}M${a} ${-a}L${-a} ${a}`));
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
    const half = Math.ceil(r + 2);
    let image = stamps.get(key);
    if (!image) {
      image = document.createElement("canvas");
      image.width = image.height = 2 * half * 2 * ratio;
      const own = image.getContext("2d");
      own.scale(2 * ratio, 2 * ratio);
      own.translate(half, half);
      kinds[name](own, r);
      stamps.set(key, image);
    }
    context.drawImage(image, x - half, y - half, 2 * half, 2 * half);
  };
  return Object.fromEntries(Object.keys(kinds).map((name) => [name, stamp(name)]));
}

// feed(steps) and states(rows) say what happens, show(moment, how) draws it.
function stage(el, scene) {
  const journeys = new Journeys();
  let states = []; // rows of at_s, then three numbers a machine
  let units = scene.units;
  let [plan, sprites, drawn, looked] = [null, null, "", 0];
  let pace = 1; // the speed at which dots travel: it follows the speed of the run smoothly
  const busy = []; // machine -> places at work, averaged over a moment
  const found = { what: AWAY, n: 0, part: 0, late: false };
  const hop = () => (calm.matches ? 0 : pace * clamp(1.2 / plan.depth, 0.35, 0.8)); // so long it travels to the next box

  const state = (at) => {
    let [low, high] = [0, states.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (states[middle][0] <= at) low = middle;
      else high = middle - 1;
    }
    return states[low];
  };
  // Every machine at its own moment, as the dots are; how many places it has is shown at once. Where a dot stands for
  // many nobody can count them, and the numbers are those of the chart.
  const stateOfAll = (at, every) => {
    const row = new Float64Array(1 + 3 * units.length); // of machines that are new nothing may be known yet
    row.set(state(at));
    plan.machines.forEach(({ box }, unit) => {
      const own = state(every > 1 ? at : at - hop() * box.column);
      for (let n = 1; n <= (box.kind === "source" ? 3 : 2); n++) row[3 * unit + n] = own[3 * unit + n] ?? 0;
    });
    return row;
  };

  // Places at work as a whole, where single requests are too many or too quick to be told apart.
  const fill = (row, rows, every, ease) => {
    front.fillStyle = canvas.paint.served;
    plan.machines.forEach(({ box }, unit) => {
      const { hidden, top, height, size, place } = rows[unit];
      const [now, places] = [row[3 * unit + 2], row[3 * unit + 3]];
      if (box.kind !== "station" || hidden || places < 0) return;
      busy[unit] = (busy[unit] ?? now) + (now - (busy[unit] ?? now)) * ease;
      if (size < LEAST) {
        const width = (box.width - 2 * PAD - 2) * Math.min(1, busy[unit] / Math.max(1, places));
        front.fillRect(box.x + PAD + 1, top + 3, width, Math.max(2, height - 6));
      } else if (every > 1) {
        for (let n = 0; n < Math.min(busy[unit], places); n++) {
          const [x, y] = place(n);
          front.globalAlpha = 0.85 * Math.min(1, busy[unit] - n);
          front.beginPath();
          front.roundRect(x - size / 2 + 2, y - size / 2 + 2, size - 4, size - 4, 2);
          front.fill();
        }
        front.globalAlpha = 1;
      }
    });
  };

  const self = {
    step: (...step) => journeys.step(...step),
    feed(steps) {
      for (let n = 0; n < steps.length; n += 4) journeys.step(steps[n], steps[n + 1], steps[n + 2], steps[n + 3]);
    },
    states(rows, width) {
      for (let n = 0; n < rows.length; n += width) states.push(rows.subarray(n, n + width));
    },
    know(next, texts) {
      [units, plan, drawn] = [next, null, ""];
      texts.forEach((text, n) => Object.assign(scene.boxes[n], text));
    },
    clear() {
      journeys.clear();
      [states, drawn] = [[], ""];
    },
    forget(at, every) {
      const before = at - (plan ? 2 * (plan.depth + 2) * hop() : 0) - 1;
      journeys.prune((journey) => journey.end < before || !followed(journey, every));
      if (states.length > 400) states = states.filter((row) => row[0] >= before);
    },
    // Is there anything yet that has not come to rest?
    moving: () => performance.now() - looked < 400,

    // Draw the moment `at`. every: one dot stands for so many. jump: nothing moves there, it is there.
    show(at, { speed, every, jump = false, elapsed = 0.016 }) {
      if (!canvas.width || !canvas.height) return;
      plan ??= arranged(scene, units, canvas.width, canvas.height);
      sprites ??= spritesOf(canvas.paint, canvas.ratio);
      pace = jump ? speed : pace + (speed - pace) * (1 - Math.exp(-elapsed / 0.25));
      const row = states.length ? stateOfAll(at, every) : null;
      const lines = plan.machines.map(() => []);
      const active = [];
      for (const journey of journeys.list) {
        if (journey.sent > at || journey.end < at || !followed(journey, every)) continue;
        whereabouts(journey, at, hop(), found);
        if (found.what === AWAY || found.what === OVER) {
          journey.x = NaN;
          continue;
        }
        const one = { journey, visit: journey.visits[found.n], ...found };
        if (found.what === WAITING) lines[one.visit.unit].push(one);
        active.push(one);
      }
      for (const line of lines) {
        line.sort((a, b) => a.visit.entered - b.visit.entered);
        line.forEach((one, rank) => (one.rank = rank));
      }
      const rows = rowsOf(plan, row, journeys.holders);
      const signature = row ? [...row.subarray(1), ...lines.map((line) => line.length)].join() : "nothing";
      if (signature !== drawn && (jump || !drawn || performance.now() - looked > 120)) {
        background(back, plan, rows, row, canvas.paint, sprites, lines);
        [drawn, looked] = [signature, performance.now()];
      }

      front.clearRect(0, 0, canvas.width, canvas.height);
      front.save();
      front.scale(plan.scale, plan.scale);
      const still = jump || calm.matches;
      if (row) fill(row, rows, every, still ? 1 : 1 - Math.exp(-elapsed / 0.2));

      const ease = still ? 1 : 1 - Math.exp(-elapsed / 0.05);
      const draw = (kind, journey, [x, y], r = DOT) => {
        if (Number.isNaN(journey.x)) [journey.x, journey.y] = [x, y];
        journey.x += (x - journey.x) * ease;
        journey.y += (y - journey.y) * ease;
        sprites[kind](front, journey.x, journey.y, r);
      };
      for (const one of active) if (plan.machines[one.visit.unit].box.kind !== "source") actors[one.what](one, draw, { at, every, rows, lines });
      front.restore();
    },
  };

  const wayTo = ({ journey, n }) => {
    const [tail, head] = [n ? journey.visits[n - 1].unit : journey.source, journey.visits[n].unit].map((unit) => plan.machines[unit].number);
    return plan.paths.find((path) => path.tail === tail && path.head === head);
  };
  // The places that it keeps while it waits for what lies further down.
  const keeps = ({ journey, n }, { at, every, rows }) => {
    for (let outer = 0; outer < n && every === 1; outer++) {
      const { unit, place, left } = journey.visits[outer];
      const { hidden, size, place: where } = rows[unit];
      if (place >= 0 && at < left + (outer + 1) * hop() && !hidden && size >= LEAST) sprites.held(front, ...where(place), Math.max(2, size / 2 - 4));
    }
  };
  const actors = {
    [THERE](one, draw, how) {
      keeps(one, how);
      const { journey, visit, part } = one;
      const way = wayTo(one);
      const ahead = visit.started > visit.entered ? how.lines[visit.unit].length : 0;
      if (!way) return;
      [journey.x, journey.y] = along(way, part, 14 + Math.min(ahead, plan.machines[visit.unit].cols) * LEAD);
      draw("travels", journey, [journey.x, journey.y]);
    },
    [WAITING](one, draw, how) {
      keeps(one, how);
      const { waits, room } = how.rows[one.visit.unit];
      if (one.rank < room) draw(one.late ? "late" : "waiting", one.journey, waits(one.rank));
    },
    [WORKING](one, draw, how) {
      keeps(one, how);
      const { journey, visit, late } = one;
      const { box } = plan.machines[visit.unit];
      const { hidden, size, place } = how.rows[visit.unit];
      if (box.kind === "station") {
        if (how.every === 1 && !hidden && size >= LEAST) draw(late ? "late" : "working", journey, place(Math.max(0, visit.place)), clamp(size / 2 - 2, 2.5, 6.5));
      } else {
        const spread = ((journey.number * GOLDEN) % 1) - 0.5;
        draw(late ? "late" : "working", journey, [box.x + box.width * (0.5 + 0.6 * spread), box.y + box.height - 9], 4);
      }
    },
    [BACK](one, draw) {
      const { journey, part } = one;
      const way = wayTo(one);
      if (!way) return;
      const [x, y] = along(way, 1 - part, 0);
      [journey.x, journey.y] = [x, y + 11]; // answers keep to their own side of the way
      draw({ 0: "travels", 200: "served", 504: "late" }[journey.status] ?? "refused", journey, [x, y + 11]);
    },
  };
  const canvas = surface(el, () => (([plan, sprites, drawn] = [null, null, ""]), self.onchange?.()), "pmtech-back", "pmtech-front");
  const [back, front] = canvas.contexts;
  self.stop = canvas.stop;
  return self;
}

// ---- the chart -----------------------------------------------------------------------------

const BANDS = [
  { unit: ["requests /s,", "mean of 2 s"], lines: [[1, "sent", "quiet", [2, 3]], [2, "served", "served", []], [3, "refused", "refused-fill", [7, 4]]], says: round },
  { unit: ["time to", "answer"], lines: [[4, "p50", "quiet", [2, 3]], [5, "p95", "accent", []]], says: inMs },
  { unit: ["requests", "inside"], lines: [[6, "inside", "waiting-fill", []]], says: round },
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
      // Changes: a line each, a shade for as long as they last, and the words of as many as there is room for, the latest first.
      const lasting = new Path2D();
      for (const { from: since, at: when, until } of marks) {
        const [begin, end] = [since, Math.max(when, until)].map((time) => across(clamp(time, from, to)));
        lasting.rect(begin, TOP, end - begin, height - TOP - MARGIN.bottom);
      }
      context.globalAlpha = 0.08;
      context.fillStyle = paint.text;
      context.fill(lasting);
      context.globalAlpha = 1;
      const free = [right, right]; // two rows of words
      font(13, 600);
      for (const { at: when, words } of [...marks].reverse()) {
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
        const long = context.measureText(words).width;
        const starts = free.map((end) => Math.min(x + 4, end - long));
        const line = starts.findIndex((left) => left >= 0 && left + long >= x);
        if (line < 0) continue;
        const left = starts[line];
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

function legend({ patience }, everyEl) {
  const item = (kind, words) => h("span", { class: `pmtech-key pmtech-key-${kind}` }, h("i", { "aria-hidden": "true" }), words);
  return h(
    "div",
    { class: "pmtech-legend" },
    ...[["travels", "on its way"], ["waiting", "waiting"], ["working", "at work, served"], ["refused", "refused or failed"], ...(patience ? [["late", "gave up"]] : [])].map((one) => item(...one)),
    everyEl,
  );
}
const told = ({ at, words }) => `At ${round(at)} seconds: ${words}.`;
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
