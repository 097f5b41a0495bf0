// The chart: three bands over one axis of time. Samples are rows of seven numbers: see panels/live/watch.py.

// lines: [column of the sample, name, colour, dash]
const BANDS = [
  { unit: ["requests /s,", "last 2 s"], lines: [[1, "sent", "quiet", [2, 3]], [2, "served", "served", []], [3, "refused", "refused-fill", [7, 4]]], says: round },
  { unit: ["to answer,", "last 2 s"], lines: [[4, "p50", "quiet", [2, 3]], [5, "p95", "accent", []]], says: took },
  { unit: ["requests", "inside now"], lines: [[6, "inside", "waiting-fill", []]], says: round },
];
const REFUSED = 3; // a line that is only there where somebody is refused
const WORDS = { "refused-fill": "refused", "waiting-fill": "waiting" }; // colours that are too light for text
const MARGIN = { left: 128, right: 128, bottom: 20, between: 10 };

const ceiling = (value) => {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= value * 1.02) * unit || 10 * unit;
};

class Strips {
  #samples = [];
  #marks = [];
  #tops = BANDS.map(() => 0); // of the axes as they are drawn, on their way to
  #aims = BANDS.map(() => 0);
  #canvas;
  #context;
  #above; // room for the words of changes
  onchange = () => {};

  constructor(el, { words = true } = {}) {
    this.#above = words ? 40 : 8;
    this.#canvas = surface(el, () => this.onchange(), "pmtech-strips");
    [this.#context] = this.#canvas.contexts;
  }

  stop() {
    this.#canvas.stop();
  }

  add(rows) {
    for (let n = 0; n < rows.length; n += 7) this.#samples.push(rows.subarray(n, n + 7));
  }

  mark(marks) {
    this.#marks = marks;
  }

  clear() {
    [this.#samples, this.#marks] = [[], []];
  }

  forget(before) {
    if (this.#samples.length > 900) this.#samples = this.#samples.filter((row) => row[0] >= before);
  }

  latest(at) {
    return this.#samples.findLast((row) => row[0] <= at);
  }

  moving() {
    return this.#tops.some((top, band) => Math.abs(top - this.#aims[band]) > 0.01 * this.#aims[band]);
  }

  // The time at this place.
  seek(x, from, to) {
    return from + clamp((x - MARGIN.left) / (this.#canvas.width - MARGIN.left - MARGIN.right), 0, 1) * (to - from);
  }

  // lasts: the length of the run, which chooses the unit of time.
  show(from, to, { at = to, elapsed = 0.016, cursor = false, lasts = to } = {}) {
    const { width, height } = this.#canvas;
    if (!width || !height) return;
    const right = width - MARGIN.right;
    const across = (time) => MARGIN.left + ((time - from) / (to - from)) * (right - MARGIN.left);
    const frame = { from, to, lasts, right, across, bottom: height - MARGIN.bottom };
    this.#context.clearRect(0, 0, width, height);
    this.#context.textBaseline = "alphabetic";
    this.#drawTimes(frame);
    BANDS.forEach((_, band) => this.#drawBand(band, frame, at, elapsed));
    if (cursor) stroke(this.#context, [[across(at), this.#above], [across(at), frame.bottom]], this.#canvas.paint.text, 1.5);
    this.#drawMarks(frame);
  }

  #write(text, x, y, colour, size, { weight = 400, align = "left" } = {}) {
    const context = this.#context;
    context.font = `${weight} ${size}px ${this.#canvas.paint.family}`;
    context.fillStyle = this.#canvas.paint[colour];
    context.textAlign = align;
    context.fillText(text, x, y);
  }

  #drawTimes({ from, to, lasts, right, across, bottom }) {
    const [, s] = clock(lasts);
    const every = s * nice((to - from) / s / Math.min(8, (right - MARGIN.left) / 48)); // a label needs so many px
    for (let tick = Math.ceil(from / every) * every; tick <= to; tick += every) {
      const x = across(tick);
      const align = x > right - 24 ? "right" : x < MARGIN.left + 8 ? "left" : "center";
      this.#write(moment(tick, lasts), x, bottom + 14, "quiet", 12, { align });
    }
  }

  #drawBand(band, frame, at, elapsed) {
    const { unit, lines, says } = BANDS[band];
    const { from, to, lasts, right, bottom } = frame;
    const tall = (bottom - this.#above - MARGIN.between * (BANDS.length - 1)) / BANDS.length;
    const top = this.#above + band * (tall + MARGIN.between);
    const base = top + tall;
    const seen = this.#samples.filter((row) => row[0] >= from - 1 && row[0] <= to);
    const highest = this.#rescale(band, seen, elapsed);
    const up = (value) => base - (Math.min(value, highest) / highest) * (tall - 2);
    this.#context.fillStyle = this.#canvas.paint.raised;
    this.#context.fillRect(MARGIN.left, top, right - MARGIN.left, tall);
    for (const line of lines) this.#drawLine(line, seen, frame, up, [MARGIN.left, top, right - MARGIN.left, tall]);
    unit.forEach((line, n) => this.#write(line, 0, top + tall / 2 + (n ? 15 : -3), "text", 14));
    this.#write(says(this.#aims[band], lasts), MARGIN.left - 8, top + 10, "quiet", 12, { align: "right" });
    this.#write("0", MARGIN.left - 8, base, "quiet", 12, { align: "right" });
    const last = this.latest(at);
    if (last) this.#drawNames(lines, (value) => says(value, lasts), last, up, top, base);
  }

  // The end of the axis, on its way to where it should be.
  #rescale(band, seen, elapsed) {
    const highest = seen.reduce((most, row) => BANDS[band].lines.reduce((one, [n]) => (row[n] > one ? row[n] : one), most), 0);
    const wanted = (this.#aims[band] = ceiling(Math.max(highest, band === 1 ? 10 : 5)));
    const top = this.#tops[band];
    this.#tops[band] = top && !calm.matches ? top + (wanted - top) * eased(elapsed, 0.15) : wanted;
    return this.#tops[band];
  }

  #drawLine([n, , colour, dash], seen, { across }, up, [x, y, width, height]) {
    const context = this.#context;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.strokeStyle = this.#canvas.paint[colour];
    context.lineWidth = dash.length && n !== REFUSED ? 2 : 2.5;
    context.lineJoin = "round";
    context.setLineDash(dash);
    context.beginPath();
    let on = false;
    for (const row of seen) {
      const nothing = Number.isNaN(row[n]) || (n === REFUSED && !row[n]); // no line where nobody is refused
      if (on && (!nothing || n === REFUSED)) context.lineTo(across(row[0]), up(row[n]));
      else if (!nothing) context.moveTo(across(row[0]), up(row[n]));
      on = !nothing;
    }
    context.stroke();
    context.restore();
  }

  // The lines' names and present values, beside their ends and never over one another.
  #drawNames(lines, says, last, up, top, base) {
    const names = lines.filter(([n]) => n !== REFUSED || last[n] > 0);
    const placed = names.map(([n, name, colour]) => ({ name, value: last[n], y: Number.isNaN(last[n]) ? base : up(last[n]), colour: WORDS[colour] ?? colour }));
    placed.sort((a, b) => a.y - b.y);
    placed.forEach((one, n) => (one.y = Math.max(one.y, n ? placed[n - 1].y + 17 : top + 8)));
    for (let n = placed.length - 1; n >= 0; n--) placed[n].y = Math.min(placed[n].y, n < placed.length - 1 ? placed[n + 1].y - 17 : base - 6);
    const { width } = this.#canvas;
    for (const { name, value, y, colour } of placed) {
      this.#write(says(value), width - 62, y + 5, colour, 15, { weight: 600, align: "right" });
      this.#write(name, width - 56, y + 5, colour, 14);
    }
  }

  // Changes: a line each, a shade for as long as they last, and the words of as many as there is room for, the latest first.
  #drawMarks({ from, to, right, across, bottom }) {
    const context = this.#context;
    const { paint } = this.#canvas;
    const lasting = new Path2D();
    for (const { from: since, at, until } of this.#marks) {
      const [begin, end] = [since, Math.max(at, until)].map((time) => across(clamp(time, from, to)));
      lasting.rect(begin, this.#above, end - begin, bottom - this.#above);
    }
    context.globalAlpha = 0.08;
    context.fillStyle = paint.text;
    context.fill(lasting);
    context.globalAlpha = 1;
    const free = [right, right]; // two rows of words
    for (const { at, words } of [...this.#marks].reverse()) {
      if (at < from) continue;
      const x = across(Math.min(at, to)); // what has just been turned stands at the edge until its moment comes
      stroke(context, [[x, this.#above - 4], [x, bottom]], paint.text, 1, [3, 3]);
      context.font = `600 13px ${paint.family}`;
      const long = context.measureText(words).width;
      const starts = free.map((end) => Math.min(x + 4, end - long));
      const line = starts.findIndex((left) => left >= 0 && left + long >= x);
      if (line < 0) continue;
      this.#write(words, starts[line], this.#above - 8 - 16 * line, "text", 13, { weight: 600 });
      free[line] = starts[line] - 12;
    }
  }
}
