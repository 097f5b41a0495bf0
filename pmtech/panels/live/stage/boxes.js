// What stands still, or changes a few times a second: arrows, boxes, places of work, words.

// row: the state of every machine, or null; lines: for each machine those who wait there.
function background(context, plan, rows, row, paint, sprites, lines) {
  context.save();
  context.scale(plan.scale, plan.scale);
  context.clearRect(0, 0, 1e4, plan.height);
  context.lineJoin = context.lineCap = "round";
  for (const { points } of plan.paths) drawArrow(context, points, paint);
  plan.boxes.forEach((box, number) => {
    const units = plan.machines.flatMap((machine, unit) => (machine.number === number ? [unit] : []));
    drawBox(context, box, paint, units.length > 0 && units.every((unit) => row && stateOf(row, unit).places <= DOWN));
    const pen = drawWords(context, box, paint);
    if (!row) return;
    const sum = (n) => units.reduce((all, unit) => all + row[3 * unit + n], 0);
    if (box.kind === "source") return drawRates(pen, [sum(1), sum(2), sum(3)], paint, sprites);
    if (box.kind === "station") for (const unit of units) drawPlaces(pen, box, rows[unit], stateOf(row, unit).places, paint, sprites);
    if (sum(1) > 0) drawWaiting(pen, box, sum(1), rows[units[0]], plan.machines[units[0]], lines[units[0]], paint, plan.height - 5);
    for (const unit of units) drawRest(pen, rows[unit], lines[unit], stateOf(row, unit).waiting, paint);
  });
  context.restore();
}

function drawArrow(context, points, paint) {
  const [x, y] = points.at(-1);
  stroke(context, points.map(([px, py]) => [px === x ? x - 7 : px, py]), paint.line, 1.5);
  context.fillStyle = paint.edge;
  context.fill(new Path2D(`M${x - 1} ${y}l-9 -5v10z`));
}

function drawBox(context, box, paint, dead) {
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
}

// Name and facts; returns a pen that goes on writing below them.
function drawWords(context, box, paint) {
  const pen = { context, left: box.x + PAD, y: box.y + PAD + 12 };
  pen.say = (text, colour, font, x = pen.left) => {
    context.fillStyle = colour;
    context.font = `${font} ${paint.family}`;
    context.fillText(text, x, pen.y);
    return x + context.measureText(text).width;
  };
  const write = (text, ...how) => (pen.say(text, ...how), (pen.y += 20));
  for (const line of box.lines) write(line, paint.text, "600 15px", pen.left + 24);
  for (const line of box.facts) write(line, paint.quiet, "14px");
  return pen;
}

function drawRates(pen, [sent, served, refused], paint, sprites) {
  let x = pen.say(`${round(sent)} /s`, paint.text, "14px");
  for (const [kind, value] of [["served", served], ["refused", refused]]) {
    if (kind === "refused" && !value) continue;
    sprites[kind](pen.context, x + 15, pen.y - 5, 4.5);
    x = pen.say(round(value), paint[kind], "600 14px", x + 23);
  }
}

function drawPlaces(pen, box, { hidden, top, height, size, place }, places, paint, sprites) {
  const { context, left } = pen;
  if (hidden) return;
  context.strokeStyle = paint.edge;
  context.lineWidth = 1;
  if (places <= DOWN) {
    const long = clamp(height, 6, 14);
    pen.y = top + height / 2 + 0.36 * long;
    sprites.refused(context, left + 6, top + height / 2, 0.36 * long);
    // In rows too low for words the cross stands alone: words would lie over one another.
    if (height >= 10) pen.say(places === LEFT_OUT ? "left out" : "down", paint.refused, `600 ${long}px`, left + 18);
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

// The words stand above the dots, of several machines below them all, and never below `lowest`, where the stage ends.
function drawWaiting(pen, box, waiting, { alone, y, layers }, { cols }, line, paint, lowest) {
  const used = clamp(Math.ceil(line.length / cols), 1, layers);
  pen.y = alone ? y - used * LEAD + LEAD / 2 - 6 : Math.min(box.y + box.height + 15, lowest);
  pen.context.textAlign = "right";
  pen.say(`${round(waiting)} waiting`, paint.waiting, "600 16px", box.x - 8);
  pen.context.textAlign = "left";
}

// Those who wait and have no room of their own, behind the last dot: with those that are drawn, they are all who wait.
function drawRest(pen, { room, waits }, line, waiting, paint) {
  if (line.length <= room) return;
  const each = Math.max(1, Math.round(waiting / line.length)); // of a dot
  const rest = Math.round(waiting) - room * each;
  if (rest <= 0) return;
  const [x, y] = waits(room - 1);
  pen.y = y + 5;
  pen.context.textAlign = "right";
  pen.say(`+${round(rest)}`, paint.waiting, "600 14px", x - 10);
  pen.context.textAlign = "left";
}

// Every kind of dot has its shape and is painted once: on the way, waiting and at work are circles, refused is a
// cross, given up a square.
function spritesOf(paint, ratio) {
  const stamps = new Map();
  const stampOf = (name, paintIt, r, half) => {
    const key = `${name} ${r}`;
    if (!stamps.has(key)) {
      const image = document.createElement("canvas");
      image.width = image.height = 2 * half * 2 * ratio;
      const own = image.getContext("2d");
      own.scale(2 * ratio, 2 * ratio);
      own.translate(half, half);
      paintIt(own, r);
      stamps.set(key, image);
    }
    return stamps.get(key);
  };
  const sprite = (name, paintIt) => (context, x, y, r) => {
    const half = Math.ceil(r + 2);
    context.drawImage(stampOf(name, paintIt, r, half), x - half, y - half, 2 * half, 2 * half);
  };
  return Object.fromEntries(Object.entries(shapes(paint)).map(([name, paintIt]) => [name, sprite(name, paintIt)]));
}

function shapes(paint) {
  const circle = (fill, edge) => (context, r) => {
    context.arc(0, 0, r, 0, 2 * Math.PI);
    if (fill) (context.fillStyle = fill), context.fill();
    if (edge) (context.strokeStyle = edge), (context.lineWidth = 1.5), context.stroke();
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
  return {
    travels: circle(paint.edge),
    waiting: circle(paint["waiting-fill"], paint.waiting),
    working: circle(paint.served),
    held: circle(null, paint.served),
    served: circle(paint.served),
    refused: cross,
    late: square,
  };
}
