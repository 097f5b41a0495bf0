// What a phone shows: a word to join by, then whatever is asked, to vote on; nothing else.
// What this phone knows of its seat, in all its tabs and when the page is loaded anew: who scans the code twice has one seat.
const NOBODY = { secret: null, mine: {}, stuck: false }; // mine: question and round -> what was chosen here
const kept = () => ({ ...NOBODY, ...JSON.parse(localStorage.getItem("pmtech-seat")) });
const keep = (more) => localStorage.setItem("pmtech-seat", JSON.stringify({ ...kept(), ...more }));
let { secret } = kept();
const own = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, "0")).join(""); // a second tap is the same seat
let ends = new AbortController(); // of the news to this seat

function enter(problem = "") {
  const word = $("input", { type: "text", id: "word", autocomplete: "off", autocapitalize: "none", placeholder: "fern-otter-417", value: location.hash.slice(1) });
  const go = async (event) => {
    event.preventDefault();
    try {
      secret = kept().secret ?? (await call("POST", "api/seats", "", { word: word.value, own })).seat;
      keep({ secret });
      begin();
    } catch (error) {
      enter(error.message);
    }
  };
  main.replaceChildren(
    $("h1", {}, "Join the room"),
    $("form", { class: "row", onsubmit: go }, $("label", { for: "word" }, "The word on the screen"), word, $("button", { class: "main" }, "Join")),
    $("p", { class: "problem", role: "alert" }, problem),
    $("p", { class: "quiet" }, "What is sent: which answer you choose, and whether you are stuck. No name, no text, nothing of other lessons. It is gone when the room closes, unless your facilitator keeps the counts."),
  );
}

function show(told, problem = "") {
  const parts = [];
  const key = `${told.question} ${told.round}`;
  const { mine, stuck } = kept();
  if (!told.question) parts.push($("h1", {}, "You are in."), $("p", {}, "Nothing is asked at the moment."));
  else {
    parts.push($("h1", {}, plain(told.asked.text)));
    if (told.round > 1) parts.push($("p", { class: "quiet" }, `Round ${told.round}: once more, after talking to your neighbour.`));
    const vote = async (option) => {
      try {
        await call("PUT", "api/votes/mine", secret, { question: told.question, option, round: told.round });
        keep({ mine: { ...mine, [key]: option } });
        show(told);
      } catch (error) {
        show(told, error.message);
      }
    };
    if (told.shown) parts.push(distribution(told, [told.votes]));
    else if (told.asked.guess) {
      const { low, high, step, unit } = told.asked.guess;
      const range = $("input", { type: "range", min: low, max: high, step, "aria-label": "Your guess", disabled: !told.open });
      range.value = mine[key] ?? (low + high) / 2;
      const says = $("output", {}, `${range.value} ${unit}`);
      range.addEventListener("input", () => (says.textContent = `${range.value} ${unit}`));
      parts.push($("div", { class: "row" }, range, says), $("button", { class: "main", disabled: !told.open, onclick: () => vote(Number(range.value)) }, "Send"));
    } else
      parts.push($("div", { class: "options" }, ...told.asked.options.map((text, n) => $("button", { "aria-pressed": String(mine[key] === n), disabled: !told.open, onclick: () => vote(n) }, $("span", { class: "letter" }, LETTERS[n]), $("span", {}, plain(text))))));
    if (!told.shown) parts.push($("p", { class: "quiet", role: "status" }, told.open ? (key in mine ? "Your vote counts. Until the round is closed you can change it." : "Choose one. How the others vote is shown later.") : "The round is closed."));
  }
  const help = $("button", { class: "stuck", "aria-pressed": String(stuck), onclick: () => call("PUT", "api/stuck/mine", secret, { stuck: !stuck }).then(() => (keep({ stuck: !stuck }), show(told)), (error) => show(told, error.message)) }, stuck ? "We are stuck. Help is coming." : "We are stuck");
  const leave = $("button", { onclick: async () => (ends.abort(), await call("DELETE", "api/seats/mine", secret).catch(() => {}), nobody(), enter()) }, "Leave");
  main.replaceChildren(...parts, $("p", { class: "problem", role: "alert" }, problem), $("div", { class: "row" }, help, leave));
}

const nobody = () => (kept().secret === secret && localStorage.removeItem("pmtech-seat"), (secret = null));
function begin() {
  ends = new AbortController();
  news("api/news", secret, show, () => (nobody(), enter("This seat is gone: join once more.")), ends.signal);
}

if (secret) begin();
else enter();
