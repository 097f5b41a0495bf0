// What both pages need. Texts come from the course and are set as text alone, never as markup.
const $ = (tag, more = {}, ...inside) => {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(more)) {
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...inside.filter((one) => one !== null));
  return el;
};
const main = document.querySelector("main");
const LETTERS = "ABCDEFGHIJ";
const SILENCE_MS = 3500; // the room shows a sign of life every second
const NOT_REACHED = "The room is not reached at the moment.";
const lost = $("p", { class: "lost problem", role: "alert" });
main.before(lost);

async function call(method, path, secret, body, seen) {
  const headers = { ...(secret && { Authorization: `Bearer ${secret}` }), ...(body && { "Content-Type": "application/json" }), ...(seen !== undefined && { "If-Match": seen }) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
    throw new Error(NOT_REACHED);
  });
  const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(typeof told.detail === "string" ? told.detail : "That did not work."), { status: answer.status });
  return told;
}

// Server-sent events read by hand: EventSource can't show a secret. Comes back by itself when the room does, until the signal.
// A line that has gone silent, as after sleep or in another network, is given up: what stands on the page may be old, and it says so.
async function news(path, secret, hear, gone, signal) {
  while (!signal.aborted) {
    const line = new AbortController();
    signal.onabort = () => line.abort();
    let silent;
    const alive = () => (clearTimeout(silent), (silent = setTimeout(() => line.abort(), SILENCE_MS)));
    try {
      alive();
      const answer = await fetch(path, { headers: { Authorization: `Bearer ${secret}` }, signal: line.signal });
      if (answer.status === 401) return gone();
      if (!answer.ok) throw answer;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        alive();
        lost.textContent = "";
        text += value;
        const parts = text.split("\n\n");
        text = parts.pop();
        for (const part of parts) if (part.startsWith("data: ")) hear(JSON.parse(part.slice(6)));
      }
    } catch {
      if (!signal.aborted) lost.textContent = `${NOT_REACHED} What stands here may be old.`;
    } finally {
      clearTimeout(silent);
    }
    await new Promise((next) => setTimeout(next, 1000));
  }
}

const plain = (text) => text.replaceAll("`", "").replaceAll("**", "");

// How all have voted, this round and the one before it.
function distribution(told, rounds) {
  const { asked } = told;
  const now = rounds.at(-1) ?? {};
  const before = rounds.length > 1 ? rounds.at(-2) : null;
  if (asked.guess) {
    const { low, high, unit } = asked.guess;
    const dots = $("div", { class: "dots", role: "img", "aria-label": `Guesses: ${Object.entries(now).map(([value, count]) => `${count} times ${value} ${unit}`).join(", ")}` });
    for (const [value, count] of Object.entries(now))
      for (let n = 0; n < count; n += 1) dots.append($("i", { style: `left: ${(100 * (value - low)) / (high - low)}%; bottom: ${14 * n}px` }));
    const { truth } = told;
    if (truth != null) dots.append($("i", { class: "truth", style: `left: ${Math.min(100, Math.max(0, (100 * (truth - low)) / (high - low)))}%` }));
    const ran = truth == null ? "" : `; the run: ${Number(truth.toPrecision(3))} ${unit}`;
    return $("div", {}, dots, $("p", { class: "quiet" }, `from ${low} to ${high} ${unit}${ran}`));
  }
  const all = Object.values(now).reduce((sum, one) => sum + one, 0);
  const most = Math.max(1, ...Object.values(now), ...Object.values(before ?? {}));
  const rows = asked.options.flatMap((text, n) => {
    const votes = now[n] ?? now[`${n}.0`] ?? 0;
    const earlier = before && (before[n] ?? before[`${n}.0`] ?? 0);
    const right = told.right === n;
    return [
      $("span", { class: right ? "letter right" : "letter" }, LETTERS[n], right ? " ✓" : ""),
      $("span", { class: "bar" }, $("span", { class: right ? "right" : "" }, plain(text)), before ? $("i", { class: "before", style: `width: ${(100 * earlier) / most}%`, title: `first round: ${earlier}` }) : null, $("i", { style: `width: ${(100 * votes) / most}%` })),
      $("span", { class: "count" }, before ? `${earlier} → ${votes}` : `${votes}`),
    ];
  });
  return $("div", {}, $("div", { class: "bars" }, ...rows), $("p", { class: "quiet" }, `${all} votes`));
}
