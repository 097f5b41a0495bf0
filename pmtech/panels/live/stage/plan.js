// Where everything stands on the stage.

const SMALLEST = 11 / 14; // rather scrolled, or higher, than with letters (14 px) of less than 11
// With the chart below it no higher than a page of 720 pixels shows, unless the boxes need more.
const stageHeight = (scene) => Math.max(clamp((scene.height + 64) * 1.25, 192, 248), SMALLEST * (scene.height + 8));
const stageWidth = (scene) => Math.ceil(SMALLEST * leastOf(columnsOf(scene)));
const leastOf = (columns) => widthOf(columns) + gapsOf(columns) * 88;
const PAD = 12;
const LEAD = 15; // between two who wait
const DOT = 5.5;
const PLACE = 22; // a place of work, at most
const LEAST = 5; // below that, places are drawn as one bar

// In `width` by `height`: columns keep their width, the gaps between them share the rest.
function arranged(scene, units, width, height) {
  const columns = columnsOf(scene);
  const [wide, gaps] = [widthOf(columns), gapsOf(columns)];
  // Large where there is room, for the back of the room; never so large that the lines have none.
  const least = Math.min(1, width / leastOf(columns), height / (scene.height + 8));
  const scale = clamp(Math.min(width / (wide + gaps * 160), height / (scene.height + 56)), least, 1.35);
  const gap = (width / scale - wide - 2) / gaps;
  columns.reduce((x, column) => ((column.x = x), x + column.width + gap), 1);

  const top = Math.max(1, Math.min(height / scale - scene.height - 8, (height / scale - scene.height) * 0.66));
  const boxes = scene.boxes.map((box) => {
    const column = columns.findIndex(({ from }) => from === box.x);
    return { ...box, column, x: columns[column].x, y: box.y - box.height / 2 + top, middle: box.y + top };
  });
  const meets = (head) => scene.arrows.filter((arrow) => arrow.head === head).length > 1;
  const paths = scene.arrows.map((arrow) => pathOf(arrow, boxes, columns, gap, top, meets(arrow.head)));
  const machines = units.map(({ box }) => {
    const room = meets(box) ? 0.64 * gap - 20 : gap - 72;
    return { number: box, box: boxes[box], cols: clamp(Math.floor(room / LEAD), 2, 60) };
  });
  return { scale, boxes, paths, machines, height: height / scale, depth: columns.length - 1 };
}

const widthOf = (columns) => columns.reduce((sum, { width }) => sum + width, 0);
const gapsOf = (columns) => Math.max(1, columns.length - 1);

function columnsOf({ boxes }) {
  return [...new Set(boxes.map((box) => box.x))].sort((a, b) => a - b).map((from) => {
    const inside = boxes.filter((box) => box.x === from);
    return { from, to: from + inside[0].span, width: Math.max(...inside.map((box) => box.width)) };
  });
}

// Corners lie in gaps, or at the edges of the columns that an arrow passes. Where arrows meet, the corner leaves room
// for the line of those who wait.
function pathOf({ tail, head, points }, boxes, columns, gap, top, meets) {
  const across = (value) => {
    const { x, to, width } = columns.findLast(({ from }) => from <= value + 0.5) ?? columns[0];
    if (value < to - 0.5) return x;
    return value < to + 0.5 ? x + width : x + width + (meets ? 0.36 * gap : 20);
  };
  const path = points.map(([x, y]) => [across(x), y + top]);
  path[0][0] = boxes[tail].x + boxes[tail].width;
  path.at(-1)[0] = boxes[head].x;
  const lengths = path.slice(1).map(([x, y], n) => Math.hypot(x - path[n][0], y - path[n][1]));
  return { tail, head, points: path, lengths, length: lengths.reduce((sum, one) => sum + one, 0) };
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

// A row of the state has three numbers a machine: waiting, at work, places (of a source: sent, served, refused a second).
const stateOf = (row, unit) => ({ waiting: row[3 * unit + 1], busy: row[3 * unit + 2], places: row[3 * unit + 3] });

// For every machine its row in the box: how many places of work of what size, where; and how its line winds.
function rowsOf({ machines }, row, holders) {
  const shown = new Map(); // box -> those of its machines that are shown
  machines.forEach(({ number }, unit) => {
    if (!row || stateOf(row, unit).places !== 0 || stateOf(row, unit).busy > 0) shown.set(number, [...(shown.get(number) ?? []), unit]);
  });
  // Who holds a place that was taken away keeps it until the work is done.
  const placesOf = (unit) => Math.max(row ? stateOf(row, unit).places : 0, 1 + (holders[unit]?.findLastIndex(Boolean) ?? -1));
  return machines.map(({ number, box, cols }, unit) => {
    const beside = shown.get(number) ?? [];
    const rank = beside.indexOf(unit);
    const alone = beside.length <= 1 || box.kind !== "station";
    const height = box.room / Math.max(1, beside.length);
    const top = box.y + box.height - box.room - PAD / 2 + rank * height;
    const most = Math.max(1, ...beside.map(placesOf));
    const y = alone ? box.middle : top + height / 2;
    return { hidden: rank < 0, alone, top, height, y, ...placesIn(box, top, height, most), ...lineBefore(box, y, cols, alone) };
  });
}

// In one to four lines, so that the places are as large as can be.
function placesIn(box, top, height, most) {
  let [lines, size] = [1, 0];
  for (let tried = 1; tried <= 4; tried++) {
    const fits = Math.min(height / tried - 2, PLACE, (box.width - 2 * PAD) / Math.ceil(most / tried) - 2);
    if (fits > size) [lines, size] = [tried, fits];
  }
  const perLine = Math.ceil(most / lines);
  const pitch = size + 2;
  const place = (n) => {
    const line = Math.floor(n / perLine) % lines;
    return [box.x + PAD + (n % perLine) * pitch + size / 2, top + (height - lines * pitch) / 2 + (line + 0.5) * pitch];
  };
  return { size, place };
}

// The line begins at the box, along its arrow, and winds upwards.
function lineBefore(box, y, cols, alone) {
  const layers = alone ? Math.max(1, Math.floor((y - 26) / LEAD)) : 1;
  const waits = (rank) => {
    const layer = Math.min(Math.floor(rank / cols), layers - 1);
    const along = rank - layer * cols;
    return [box.x - 14 - (layer % 2 ? cols - 1 - along : along) * LEAD, y - layer * LEAD];
  };
  return { layers, waits, room: cols * layers };
}
