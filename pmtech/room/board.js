// What the projector shows. The token stands behind the # of the address, which no browser sends anywhere.
const token = location.hash.slice(1) || sessionStorage.getItem("pmtech-token"); // when the page is loaded anew
sessionStorage.setItem("pmtech-token", token);
history.replaceState(null, "", "board"); // not on the projector
let lesson = sessionStorage.getItem("pmtech-lesson") ?? "01";
let questions = [];
let told = null;

// A button means the round that is on this page: the room refuses it where another page has gone on.
const act = async (method, path, body) => {
  try {
    await call(method, path, token, body, String(told?.id ?? 0));
    problem.textContent = "";
  } catch (error) {
    problem.textContent = error.message;
  }
};
const problem = $("p", { class: "problem", role: "alert" });
const head = $("header");
const qr = $("img", { class: "qr", alt: "To join with a phone", width: 96, height: 96 });
const body = $("section");
const pace = $("section");
const choose = $("select", { "aria-label": "Question" });
const which = $("select", { "aria-label": "Lesson", onchange: () => ((lesson = which.value), sessionStorage.setItem("pmtech-lesson", lesson), load(), listen()) });
for (let n = 0; n <= 16; n += 1) which.append($("option", { value: String(n).padStart(2, "0") }, `Lesson ${String(n).padStart(2, "0")}`));
which.value = lesson;
const press = (name, does, more) => $("button", { ...more, onclick: (event) => event.detail < 2 && does() }, name); // a double click is one
const controls = $(
  "div",
  { class: "row" },
  which,
  choose,
  press("Ask it", () => act("POST", "api/rounds", { question: choose.value }), { class: "main" }),
  press("Second round", () => told?.question && act("POST", "api/rounds", { question: told.question })),
  press("Close the round", () => act("POST", "api/stop")),
  press("Show the votes", () => act("POST", "api/show")),
  press("Show what is right", () => act("POST", "api/verdict")),
);

// Four signs that a pair reads out, typed in: one more hand.
const heard = $("input", { type: "text", id: "heard", maxlength: 8, autocomplete: "off", style: "flex: none; width: 110px" });
const aloud = $("form", { class: "row", onsubmit: (event) => (event.preventDefault(), act("POST", "api/aloud", { code: heard.value }), (heard.value = "")) }, $("label", { for: "heard" }, "Four signs, read out"), heard, $("button", {}, "Add it"));

let counted = { of: "" }; // stays while what is told changes: somebody may be typing in it
function hands() {
  if (!told?.question) return null;
  const of = `${told.question} ${told.round}`;
  if (counted.of !== of) counted = { of, fields: counting() };
  return counted.fields;
}
function counting() {
  const fields = (told.asked.options ?? []).map((_, n) => $("input", { type: "number", min: 0, max: 999, "aria-label": `Hands for ${LETTERS[n]}`, style: "width: 88px" }));
  const filled = () => fields.map((field, n) => [String(n), field.value]).filter(([, value]) => value !== ""); // the rest stays as it is
  const send = () => act("POST", "api/hands", { counts: Object.fromEntries(filled().map(([n, value]) => [n, Number(value)])) });
  const row = fields.length ? $("div", { class: "row" }, ...fields.flatMap((field, n) => [$("span", {}, LETTERS[n]), field]), $("button", { onclick: send }, "Add them")) : null;
  return $("details", {}, $("summary", {}, fields.length ? "Count hands, or answers read out" : "Answers read out"), row, aloud);
}

// ---- pace: the lesson's own sections, the minutes of the instructor's note, and what to cut first when late -----------------

let plan = { sections: [], until: [], cut: "" };
const clock = $("p", { class: "quiet", role: "status" });
const runs = () => typeof told?.minutes === "number";
const start = press("", () => act("PUT", "api/clock", { lesson, runs: !runs() }));
const minutes = (count) => `${count} minute${count === 1 ? "" : "s"}`;

// The section in which most of the room is: the furthest that half of those who are anywhere have reached.
function here() {
  const seats = plan.sections.map((_, n) => Object.values(told?.pace[n] ?? {}).reduce((sum, one) => sum + one, 0));
  const most = Math.max(0, ...seats);
  return most ? seats.findLastIndex((count) => count >= most / 2) : 0;
}

function pass() {
  start.textContent = runs() ? "Stop the clock" : "Start the clock";
  if (!runs()) return clock.replaceChildren();
  const gone = told.minutes;
  const due = plan.until.findIndex((until) => until !== null && gone < until);
  const said = due < 0 ? [`Minute ${gone}: the lesson is over.`] : [`Minute ${gone}: ${plan.sections[due]}, ${minutes(plan.until[due] - gone)} left.`];
  const late = gone - (plan.until[here()] ?? gone);
  if (late > 0) said.push(`The room is at ${plan.sections[here()]}, ${minutes(late)} late. ${plan.cut}`);
  clock.replaceChildren(said.join(" "));
}

// The peak day: how many promises each pair has kept, and nothing of who it is.
const scores = () => told.scores.map(({ day, number, of, kept }) =>
  $("p", { class: "scores" }, $("strong", {}, `Peak day "${day}", number ${number}`), ` of ${of} promises kept, a number a pair: `, ...kept.map((count) => $("span", { class: "count" }, `${count} `))));

// The panel that the facilitator has open: a run for each field, and on them where the sliders of the room stand.
const measure = $("select", { "aria-label": "Figure of the map", onchange: () => fields() });
const plot = $("div", { class: "fields" });
const legend = $("p", { class: "quiet" });
const summary = $("summary");
const map = $("details", { class: "map" }, summary, $("div", { class: "row" }, measure, legend), plot);
let mapped = "";
function settings() {
  map.hidden = !told.map;
  if (!told.map) return;
  const { panel, cards, axes, points } = told.map;
  const pairs = points.reduce((sum, [, , , count]) => sum + count, 0);
  summary.textContent = `Where the room's sliders stand: ${pairs || "no"} pair${pairs === 1 ? "" : "s"}, ${axes.map(({ label }) => label).join(" and ")}`;
  if (mapped !== panel) measure.replaceChildren(...Object.keys(cards).map((name) => $("option", {}, name)));
  mapped = panel;
  fields();
}
// Where a value lies between the first stop, 0, and the last, in fields.
function along(stops, value) {
  const after = Math.max(1, stops.findIndex((stop) => value <= stop));
  return after - 1 + (value - stops[after - 1]) / (stops[after] - stops[after - 1]);
}
function fields() {
  const { cards, axes, points } = told.map;
  const [across, up] = axes;
  const rows = up ? up.stops.length : 1;
  const found = cards[measure.value];
  const figures = found.map(({ figure }) => figure).filter((figure) => figure !== null);
  const [low, high] = [Math.min(...figures), Math.max(...figures)];
  const shade = (figure) => (figure === null ? 0 : 6 + (34 * (figure - low)) / (high - low || 1));
  const columns = across.stops.length;
  const cells = found.map(({ said, figure }, n) => $("span", { style: `grid-column: ${(n % columns) + 1}; grid-row: ${rows - Math.floor(n / columns)}; --shade: ${shade(figure)}%` }, said));
  const dots = points.map(([x, y, alike, count]) =>
    $("i", { class: alike ? null : "other", style: `left: ${(100 * (along(across.stops, x) + 0.5)) / columns}%; bottom: ${up ? (100 * (along(up.stops, y) + 0.5)) / rows : 50}%` }, String(count)));
  const stand = points.map(([x, y, , count]) => `${count} at ${across.label} ${x}${up ? `, ${up.label} ${y}` : ""}`);
  const heard = `${measure.value} for each pair of settings. Where the room stands: ${stand.join("; ") || "nobody is here yet"}.`;
  const side = up ? up.said.toReversed().map((said) => $("span", {}, said)) : [];
  plot.replaceChildren(
    $("span", { class: "up" }, up?.label ?? ""),
    $("div", { class: "side" }, ...side),
    $("div", { class: "runs", role: "img", "aria-label": heard, style: `grid-template-columns: repeat(${columns}, 1fr)` }, ...cells, ...dots),
    $("div", { class: "feet", style: `grid-template-columns: repeat(${columns}, 1fr)` }, ...across.said.map((said) => $("span", {}, said))),
    $("span", { class: "across" }, across.label),
  );
  const other = points.some(([, , alike]) => !alike);
  legend.replaceChildren(`In each field: ${measure.value}. A circle: how many pairs have their sliders there${other ? "; dashed: not all else is as at first" : ""}.`);
}

// The counts as a table, for whoever wants to keep them: nothing is written before that.
async function save() {
  const rows = await call("GET", "api/export", token);
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const lines = rows.map(({ question, round, answer, votes }) => [question, round, quoted(answer), votes].join(","));
  const file = URL.createObjectURL(new Blob([["question,round,answer,votes", ...lines, ""].join("\n")], { type: "text/csv" }));
  $("a", { href: file, download: "votes.csv" }).click();
}

// Drawn anew where the computer has another address.
let drawn = "";
function code() {
  if (drawn === told.host) return;
  drawn = told.host;
  fetch("api/code.svg", { headers: { Authorization: `Bearer ${token}` } })
    .then((answer) => answer.blob())
    .then((picture) => (qr.src = URL.createObjectURL(picture)), () => (drawn = ""));
}

function draw() {
  if (!told) return;
  code();
  const focused = document.activeElement;
  head.replaceChildren(
    $("span", { class: "word" }, told.word),
    $("span", {}, told.host),
    $("span", { class: "count" }, `${told.seats} seat${told.seats === 1 ? "" : "s"}`),
    $("span", { class: told.stuck ? "problem" : "quiet" }, told.stuck ? `${told.stuck} stuck` : "nobody is stuck"),
    qr,
  );
  const parts = [];
  if (told.question) {
    parts.push($("h1", {}, plain(told.asked.text)));
    if (told.shown) {
      parts.push(distribution(told, told.rounds));
      if (told.split) parts.push($("p", {}, "The room is split: talk to your neighbour, then a second round."));
      if (told.moved.length) parts.push($("p", { class: "quiet" }, "Moved: ", told.moved.filter(([from, to]) => from !== to).map(([from, to, count]) => `${count} from ${LETTERS[from] ?? from} to ${LETTERS[to] ?? to}`).join(", ") || "nobody"));
    } else parts.push($("p", {}, $("span", { class: "count" }, `${told.voted} of ${told.seats}`), told.open ? " have voted. Round " : " voted. Closed. Round ", String(told.round)), told.asked.options ? $("ol", { type: "A" }, ...told.asked.options.map((text) => $("li", {}, plain(text)))) : null);
    const count = hands();
    if (count) parts.push(count);
  } else parts.push($("h1", {}, "Join by the word above: in lesson 00, or with a phone."));
  body.replaceChildren(...parts.filter(Boolean));
  pace.replaceChildren($("div", { class: "row" }, $("h1", {}, `Lesson ${lesson}`), start, clock), $("div", { class: "strip" }, ...plan.sections.map((name, n) => {
    const { working = 0, done = 0, stuck = 0 } = told.pace[n] ?? {};
    const counts = [[working, "at it"], [done, "done"], [stuck, "stuck"], [told.pairs - working - done - stuck, "not begun"]];
    const some = working + done + stuck ? counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`) : ["not begun"];
    return $("div", { class: stuck ? "problem" : null }, $("strong", {}, name), $("br"), some.join(", "));
  })), ...scores(), map);
  settings();
  pass();
  if (focused.isConnected) focused.focus({ preventScroll: true });
}

let loaded = ""; // the lesson whose questions and sections are on the page, or on their way
async function load() {
  const of = (loaded = lesson);
  const asked = ["questions", "agenda"].map((what) => call("GET", `api/${what}?lesson=${of}`, token));
  const found = await Promise.all(asked).catch(() => null);
  if (of !== lesson) return; // another was chosen meanwhile
  if (!found) return void (loaded = "");
  [questions, plan] = found;
  choose.replaceChildren(...questions.map(({ id, text }) => $("option", { value: id }, `${id} · ${plain(text).slice(0, 60)}`)));
  draw();
}
let listening = new AbortController();
function listen() {
  listening.abort(); // a browser has six lines to an address
  listening = new AbortController();
  const gone = () => main.replaceChildren($("p", {}, "Open this page with the address that was told when the room was opened."));
  news(`api/news?lesson=${lesson}`, token, (fresh) => ((told = fresh), loaded || load(), draw()), gone, listening.signal);
}
document.body.className = "board";
main.append(head, problem, controls, body, pace, $("div", { class: "row" }, press("Save the counts", save)));
load();
listen();
