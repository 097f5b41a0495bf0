// Three places, two attempts. The kernel has sent the real order before anything moves; times are stretched to be seen.
const GO_S = 1; // from place to place
const WAIT_S = 2.6; // of the client's clock, in place of half a second
const X = { client: 120, server: 430, database: 740 };
const HALF = 112; // of a box
const Y = 96;

const svg = (tag, attributes, ...children) => {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...children);
  return el;
};

// What moves when: { from, to, begin, end, kind, stops } (stops: it is lost half-way). Rows are written when an order has arrived.
function storyOf({ lost, attempts }) {
  const moves = [];
  const [first, second] = [0, WAIT_S];
  const go = (kind, from, to, begin, stops = false) => (moves.push({ kind, from, to, begin, end: begin + (stops ? GO_S / 2 : GO_S), stops }), begin + GO_S);
  const there = go("order", X.client, X.server, first, lost === "request");
  if (lost === "answer") go("answer", X.server, X.client, go("order", X.server, X.database, there) + 0.1, true);
  const back = go("order", X.server, X.database, go("order", X.client, X.server, second)) + 0.1;
  const heard = go("answer", X.server, X.client, back);
  const wrote = [lost === "answer" ? there + GO_S : Infinity, back - 0.1];
  return { moves, second, heard, rows: (at) => (at >= wrote[1] ? attempts[1].booked : at >= wrote[0] ? attempts[0].booked : 0) };
}

function render({ model, el }) {
  const group = (legend, name, options) => {
    const id = newId();
    const inputs = Object.entries(options).map(([value, words], n) => {
      const radio = h("input", { type: "radio", name: id, value, checked: n === 0 });
      return [radio, h("label", {}, radio, words)];
    });
    const set = h("fieldset", { "aria-label": legend }, ...inputs.map(([, label]) => label));
    return { set, value: () => inputs.find(([radio]) => radio.checked)[0].value };
  };
  const lost = group("What is lost", "lost", { answer: "answer lost", request: "request lost" });
  const key = group("With or without a key", "key", { "": "without a key", yes: "with a key" });
  const start = h("button", { type: "button", class: "pmtech-primary", onclick: () => {
    start.disabled = true;
    model.send({ do: "play", lost: lost.value(), key: Boolean(key.value()) });
  } }, "Order five seats");
  const said = h("p", { class: "pmtech-lost-said", "aria-live": "polite" }, "Press the button. Then lose the request in place of the answer: what can the client tell, and what does the database know?");
  const stage = svg("svg", { viewBox: "0 0 860 220", role: "img", "aria-label": "Company A's software, the API server and the database; the sentence below says what happened." });
  el.append(h("div", { class: "pmtech-lost" }, h("div", { class: "pmtech-lost-bar" }, start, lost.set, key.set), h("div", { class: "pmtech-scrolls" }, stage), said));

  const box = (x, name, line) => [
    svg("rect", { class: "box", x: x - HALF, y: Y - 44, width: 2 * HALF, height: 88, rx: 6 }),
    svg("text", { class: "head", x: x - HALF + 14, y: Y - 18 }, name),
    svg("text", { class: "quiet", x: x - HALF + 14, y: Y + 4 }, line),
  ];
  const still = [
    svg("path", { class: "way", d: `M${X.client + HALF} ${Y - 12}H${X.server - HALF}M${X.client + HALF} ${Y + 12}H${X.server - HALF}M${X.server + HALF} ${Y}H${X.database - HALF}` }),
    ...box(X.client, "Company A's software", "knows what it hears"), ...box(X.server, "API server", "works on what arrives"), ...box(X.database, "Database", "keeps the payments"),
  ];

  const draw = (at, story, { attempts, key: name }) => {
    const drawn = [...still];
    const order = `order${name ? `, ${name}` : ""}`;
    for (const { kind, from, to, begin, end, stops } of story.moves) {
      if (at < begin) continue;
      const share = Math.min(1, (at - begin) / (end - begin)) * (stops ? 0.5 : 1);
      const [a, b] = [from + Math.sign(to - from) * HALF, to - Math.sign(to - from) * HALF];
      const [x, y] = [a + (b - a) * share, from === X.database || to === X.database ? Y : kind === "order" ? Y - 12 : Y + 12];
      if (at < end) drawn.push(svg("circle", { class: kind, cx: x, cy: y, r: 7 }), svg("text", { class: "quiet", x: x - 20, y: kind === "order" ? y - 14 : y + 26 }, kind === "order" ? order : "answer"));
      else if (stops) drawn.push(svg("path", { class: "cross", d: `M${x - 7} ${y - 7}l14 14m0 -14l-14 14` }), svg("text", { class: "quiet", x: x - 14, y: kind === "order" ? y - 14 : y + 26 }, "lost"));
    }
    const waited = Math.min(1, at / story.second);
    const heard = at >= story.heard ? `2nd: ${attempts[1].line}` : at >= story.second ? "1st: no answer. Again" : `waits: ${Math.round(500 * waited)} of 500 ms`;
    drawn.push(svg("circle", { class: "clock", cx: X.client - HALF + 24, cy: Y + 26, r: 9, "stroke-dasharray": `${56.5 * (at < story.second ? waited : 1)} 57`, transform: `rotate(-90 ${X.client - HALF + 24} ${Y + 26})` }),
      svg("text", { x: X.client - HALF + 42, y: Y + 31 }, heard));
    for (let n = 0; n < story.rows(at); n++) {
      const y = Y + 56 + 30 * n;
      drawn.push(svg("rect", { class: "row", x: X.database - HALF, y, width: 2 * HALF, height: 24, rx: 3 }), svg("text", { x: X.database - HALF + 14, y: y + 17 }, "Company A, 5 seats"));
    }
    stage.replaceChildren(...drawn);
  };
  stage.replaceChildren(...still);

  let id = 0;
  const play = () => {
    const told = model.get("told");
    start.disabled = false;
    if (told.error) return write(said, told.error);
    if (!told.id) return;
    const story = storyOf(told);
    const begun = performance.now();
    write(said, "");
    cancelAnimationFrame(id);
    const frame = (now) => {
      const at = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? story.heard : Math.max(0, now - begun) / 1000;
      draw(at, story, told);
      if (at < story.heard) id = requestAnimationFrame(frame);
      else write(said, told.sentence);
    };
    id = requestAnimationFrame(frame);
  };
  model.on("change:told", play);
  play();
  return () => cancelAnimationFrame(id);
}
