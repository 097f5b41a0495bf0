// The stage: requests as dots on the architecture. feed(steps) and states(rows) say what happens, show(moment, how)
// draws it, from the browser's own clock; data come in advance, as tables of numbers (see panels/live/watch.py).

const FATE = { 0: "travels", 504: "late" }; // of an answer, as the dot that carries it
const fateOf = (status) => FATE[status] ?? (status < 300 ? "served" : "refused");

class Stage {
  #journeys = new Journeys();
  #states = []; // rows of at_s, then three numbers a machine
  #scene;
  #units;
  #canvas;
  #plan = null;
  #sprites = null;
  #drawn = ""; // what the background shows, and since when
  #looked = 0;
  #pace = 1; // the speed at which dots travel: it follows the speed of the run smoothly
  #busy = []; // machine -> places at work, averaged over a moment
  onchange = () => {};

  constructor(el, scene) {
    [this.#scene, this.#units] = [scene, scene.units];
    const changed = () => (([this.#plan, this.#sprites, this.#drawn] = [null, null, ""]), this.onchange());
    this.#canvas = surface(el, changed, "pmtech-back", "pmtech-front");
  }

  stop() {
    this.#canvas.stop();
  }

  // ---- what is known -----------------------------------------------------------------------

  step(...step) {
    this.#journeys.step(...step);
  }

  feed(steps) {
    for (let n = 0; n < steps.length; n += 4) this.step(steps[n], steps[n + 1], steps[n + 2], steps[n + 3]);
  }

  states(rows, width) {
    for (let n = 0; n < rows.length; n += width) this.#states.push(rows.subarray(n, n + width));
  }

  // The machines, and what the boxes say.
  know(units, texts) {
    [this.#units, this.#plan, this.#drawn] = [units, null, ""];
    texts.forEach((text, n) => Object.assign(this.#scene.boxes[n], text));
  }

  clear() {
    this.#journeys.clear();
    [this.#states, this.#drawn] = [[], ""];
  }

  forget(at, every) {
    const before = at - (this.#plan ? 2 * (this.#plan.depth + 2) * this.#hop() : 0) - 1;
    this.#journeys.prune((journey) => journey.end < before || !followed(journey, every));
    if (this.#states.length > 400) this.#states = this.#states.filter((row) => row[0] >= before);
  }

  // Is there anything yet that has not come to rest?
  moving() {
    return performance.now() - this.#looked < 400;
  }

  // ---- a moment ----------------------------------------------------------------------------

  // every: one dot stands for so many. jump: nothing moves there, it is there.
  show(at, { speed, every, jump = false, elapsed = 0.016 }) {
    const { width, height, paint, ratio, contexts } = this.#canvas;
    if (!width || !height) return;
    this.#plan ??= arranged(this.#scene, this.#units, width, height);
    this.#sprites ??= spritesOf(paint, ratio);
    this.#pace = jump ? speed : this.#pace + (speed - this.#pace) * eased(elapsed, 0.25);
    const row = this.#states.length ? this.#stateOfAll(at, every) : null;
    const active = this.#active(at, every);
    const lines = this.#lines(active);
    const rows = rowsOf(this.#plan, row, this.#journeys.holders);
    this.#drawBackground(row, rows, lines, jump);

    const [, front] = contexts;
    const still = jump || calm.matches;
    front.clearRect(0, 0, width, height);
    front.save();
    front.scale(this.#plan.scale, this.#plan.scale);
    if (row) this.#fillPlaces(front, row, rows, every, still ? 1 : eased(elapsed, 0.2));
    const moment = { at, every, rows, lines, front, plan: this.#plan, sprites: this.#sprites, hop: this.#hop(), ease: still ? 1 : eased(elapsed, 0.05) };
    for (const one of active) if (this.#plan.machines[one.visit.unit].box.kind !== "source") DOTS[one.what](one, moment);
    front.restore();
  }

  // So long a dot travels to the next box.
  #hop() {
    return calm.matches ? 0 : this.#pace * clamp(1.2 / this.#plan.depth, 0.35, 0.8);
  }

  #state(at) {
    let [low, high] = [0, this.#states.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#states[middle][0] <= at) low = middle;
      else high = middle - 1;
    }
    return this.#states[low];
  }

  // Every machine at its own moment, as the dots are; how many places it has is shown at once. Where a dot stands for
  // many nobody can count them, and the numbers are those of the chart.
  #stateOfAll(at, every) {
    const row = new Float64Array(1 + 3 * this.#units.length); // of machines that are new nothing may be known yet
    row.set(this.#state(at).subarray(0, row.length));
    this.#plan.machines.forEach(({ box }, unit) => {
      // What a source hears has first to be seen at the last box.
      const column = box.kind === "source" ? this.#plan.depth : box.column;
      const own = this.#state(every > 1 ? at : at - this.#hop() * column);
      for (let n = 1; n <= (box.kind === "source" ? 3 : 2); n++) row[3 * unit + n] = own[3 * unit + n] ?? 0;
    });
    return row;
  }

  // Whoever is on the stage, with where it is.
  #active(at, every) {
    const active = [];
    const found = { what: AWAY, n: 0, part: 0, late: false };
    for (const journey of this.#journeys.list) {
      if (journey.sent > at || journey.end < at || !followed(journey, every)) continue;
      whereabouts(journey, at, this.#hop(), found);
      if (found.what === AWAY || found.what === OVER) journey.x = NaN;
      else if (journey.visits[found.n].unit < this.#units.length) active.push({ journey, visit: journey.visits[found.n], ...found });
    }
    return active;
  }

  // For each machine those who wait there, with their rank.
  #lines(active) {
    const lines = this.#plan.machines.map(() => []);
    for (const one of active) if (one.what === WAITING) lines[one.visit.unit].push(one);
    for (const line of lines) {
      line.sort((a, b) => a.visit.entered - b.visit.entered);
      line.forEach((one, rank) => (one.rank = rank));
    }
    return lines;
  }

  #drawBackground(row, rows, lines, jump) {
    const signature = row ? [...row.subarray(1), ...lines.map((line) => line.length)].join() : "nothing";
    if (signature === this.#drawn || !(jump || !this.#drawn || performance.now() - this.#looked > 120)) return;
    background(this.#canvas.contexts[0], this.#plan, rows, row, this.#canvas.paint, this.#sprites, lines);
    [this.#drawn, this.#looked] = [signature, performance.now()];
  }

  // Places at work as a whole, where single requests are too many or too quick to be told apart.
  #fillPlaces(front, row, rows, every, ease) {
    front.fillStyle = this.#canvas.paint.served;
    this.#plan.machines.forEach(({ box }, unit) => {
      const { hidden, top, height, size, place } = rows[unit];
      const { busy, places } = stateOf(row, unit);
      if (box.kind !== "station" || hidden || places <= DOWN) return;
      const shown = (this.#busy[unit] = (this.#busy[unit] ?? busy) + (busy - (this.#busy[unit] ?? busy)) * ease);
      if (size < LEAST) {
        const width = (box.width - 2 * PAD - 2) * Math.min(1, shown / Math.max(1, places));
        front.fillRect(box.x + PAD + 1, top + 3, width, Math.max(2, height - 6));
      } else if (every > 1) {
        for (let n = 0; n < Math.min(shown, places); n++) fillPlace(front, place(n), size, Math.min(1, shown - n));
      }
    });
  }
}

function fillPlace(front, [x, y], size, share) {
  front.globalAlpha = 0.85 * share;
  front.beginPath();
  front.roundRect(x - size / 2 + 2, y - size / 2 + 2, size - 4, size - 4, 2);
  front.fill();
  front.globalAlpha = 1;
}

// ---- dots ----------------------------------------------------------------------------------

// What is drawn of a request, by what it does. moment: { at, every, rows, lines, front, plan, sprites, hop, ease }.
const DOTS = {
  [THERE](one, moment) {
    keepsPlaces(one, moment);
    const { journey, visit, part } = one;
    const way = wayTo(one, moment);
    if (!way) return;
    const ahead = visit.started > visit.entered ? moment.lines[visit.unit].length : 0;
    const to = along(way, part, 14 + Math.min(ahead, moment.plan.machines[visit.unit].cols) * LEAD);
    [journey.x, journey.y] = to;
    dot(moment, "travels", journey, to);
  },
  [WAITING](one, moment) {
    keepsPlaces(one, moment);
    const { waits, room } = moment.rows[one.visit.unit];
    if (one.rank < room) dot(moment, one.late ? "late" : "waiting", one.journey, waits(one.rank));
  },
  [WORKING](one, moment) {
    keepsPlaces(one, moment);
    const { journey, visit, late } = one;
    const { box } = moment.plan.machines[visit.unit];
    const { hidden, size, place } = moment.rows[visit.unit];
    const kind = late ? "late" : "working";
    if (box.kind !== "station") {
      const spread = ((journey.number * GOLDEN) % 1) - 0.5;
      dot(moment, kind, journey, [box.x + box.width * (0.5 + 0.6 * spread), box.y + box.height - 9], 4);
    } else if (moment.every === 1 && !hidden && size >= LEAST) {
      dot(moment, kind, journey, place(Math.max(0, visit.place)), clamp(size / 2 - 2, 2.5, 6.5));
    }
  },
  [BACK](one, moment) {
    const way = wayTo(one, moment);
    if (!way) return;
    const [x, y] = along(way, 1 - one.part, 0);
    const to = [x, y + 11]; // answers keep to their own side of the way
    [one.journey.x, one.journey.y] = to;
    dot(moment, fateOf(one.journey.status), one.journey, to);
  },
};

// It goes there smoothly from where it was.
function dot({ front, sprites, ease }, kind, journey, [x, y], r = DOT) {
  if (Number.isNaN(journey.x)) [journey.x, journey.y] = [x, y];
  journey.x += (x - journey.x) * ease;
  journey.y += (y - journey.y) * ease;
  sprites[kind](front, journey.x, journey.y, r);
}

function wayTo({ journey, n }, { plan }) {
  const [tail, head] = [n ? journey.visits[n - 1].unit : journey.source, journey.visits[n].unit].map((unit) => plan.machines[unit]?.number);
  return plan.paths.find((path) => path.tail === tail && path.head === head);
}

// The places that a request keeps while it waits for what lies further down.
function keepsPlaces({ journey, n }, { at, every, rows, front, sprites, hop }) {
  for (let outer = 0; outer < n && every === 1; outer++) {
    const { unit, place, left } = journey.visits[outer];
    const { hidden, size, place: where } = rows[unit];
    if (place >= 0 && at < left + (outer + 1) * hop && !hidden && size >= LEAST) sprites.held(front, ...where(place), Math.max(2, size / 2 - 4));
  }
}
