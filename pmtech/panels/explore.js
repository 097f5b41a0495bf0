const LATE_MS = 400; // only an answer that takes longer is worth a sign
const TALL = 195; // px: a picture in which boxes stand over one another

// Wishes go to the kernel as one state (values, seed, pin), so that of many only the last matters: ipywidgets
// keeps one message in flight and merges the rest, and nothing arrives out of order.
function render({ model, el }) {
  let { values, seed, number, pin } = model.get("answer");
  let lastPin = pin;
  let late; // the timer of an answer that keeps somebody waiting
  let [wide, high, drawn] = [0, 0, ""]; // the picture, as it was last laid out

  const send = () => {
    number += 1;
    model.set("wish", { number, values, seed, pin });
    model.save_changes();
    late ??= setTimeout(() => root.classList.add("pmtech-late"), LATE_MS);
  };
  const knobs = controls(model.get("described"), (turned) => ((values = { ...values, ...turned }), send()));

  // ---- actions ----
  const customers = h("span", { class: "pmtech-quiet" });
  const reset = () => {
    [values, seed] = [knobs.first, model.get("first_seed")];
    send();
  };
  const keep = h("button", { type: "button", onclick: () => ((pin = model.get("answer").pinned ? 0 : ++lastPin), send()) });
  const before = h("span", { class: "pmtech-before" });
  const actions = h(
    "div",
    { class: "pmtech-actions" },
    h("button", { type: "button", onclick: reset }, "Reset"),
    keep,
    h("button", { type: "button", onclick: () => ((seed += 1), send()) }, "New customers"),
    customers,
    before,
  );

  // ---- what comes out ----
  const picture = h("div", { class: "pmtech-picture" });
  const caption = h("span", {});
  const scale = h("b", { "aria-live": "polite" });
  const cards = h("div", { class: "pmtech-cards" });
  const plot = h("div", { class: "pmtech-plot", role: "img" });
  const sentences = h("p", { class: "pmtech-sentences", "aria-live": "polite" });
  const problem = h("p", { class: "pmtech-error", role: "alert" });
  const drawing = chart(model, plot);
  const root = h(
    "div",
    { class: "pmtech-explore", role: "group", "aria-label": "What if" },
    picture,
    h("p", { class: "pmtech-quiet pmtech-caption" }, scale, caption),
    h("div", { class: "pmtech-controls" }, ...knobs.rows, actions),
    h("div", { class: "pmtech-outcome" }, cards, plot),
    h("div", { class: "pmtech-said" }, problem, sentences),
  );
  const say = (text) => {
    write(problem, text ?? "");
    problem.hidden = !text;
    sentences.hidden = Boolean(text);
    root.classList.toggle("pmtech-stale", Boolean(text));
  };

  const paint = () => {
    const answer = model.get("answer");
    if (answer.number >= number) {
      ({ values, seed, number, pin } = answer);
      lastPin = Math.max(lastPin, pin);
      knobs.show(values);
      root.classList.remove("pmtech-late");
      late = clearTimeout(late);
    }
    const card = ({ name, hint, value, pinned }) =>
      h("p", { title: hint }, h("span", {}, name), h("strong", {}, answer.error ? "–" : value), pinned ? h("small", {}, `before: ${pinned}`) : "");
    cards.replaceChildren(...answer.cards.map(card));
    if (drawn !== answer.picture) {
      picture.style.minHeight = `${high}px`; // what lies below jumps once at most
      drawn = answer.picture;
      redraw(picture, answer.picture);
    }
    write(scale, answer.scale);
    write(caption, answer.caption);
    write(before, answer.before);
    write(customers, `Customers #${answer.seed}`);
    write(sentences, answer.sentences);
    plot.setAttribute("aria-label", `Chart: ${answer.axis}. The sentences below say what it shows.`);
    write(keep, answer.pinned ? "Forget the kept run" : "Keep this run");
    say(answer.error);
    drawing.draw(answer.figure);
  };
  const sized = new ResizeObserver(() => {
    if (wide !== picture.clientWidth) picture.style.minHeight = ""; // it was for another width
    [wide, high] = [picture.clientWidth, picture.clientHeight];
    root.classList.toggle("pmtech-tall", high > TALL);
  });
  sized.observe(picture);
  model.on("change:answer", paint);
  el.append(root);
  paint();
  return () => (sized.disconnect(), drawing.stop());
}
