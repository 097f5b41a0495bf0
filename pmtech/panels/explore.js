// Wishes go to the kernel as one state (values, seed, pin), so that of many only the last matters: ipywidgets
// keeps one message in flight and merges the rest, and nothing arrives out of order.
function render({ model, el }) {
  const described = model.get("described");
  const digits = (step) => Math.min(6, (String(step).split(".")[1] ?? "").length);
  let { values, seed, number, pin } = model.get("answer");
  let lastPin = pin;

  const send = () => {
    if (model.widget_manager && !model.widget_manager.kernel) {
      say("The kernel behind this panel has stopped. Run the cell again to bring it back.");
      return;
    }
    number += 1;
    model.set("wish", { number, values, seed, pin });
    model.save_changes();
    root.classList.add("pmtech-busy");
  };

  // ---- controls ----
  const shown = described.map((control) => {
    const id = newId();
    const turn = (value) => {
      values = { ...values, [control.path]: value };
      send();
    };
    if (control.kind === "choice") {
      const options = control.options.map((text, index) => h("option", { value: index }, text));
      const select = h("select", { id, onchange: () => turn(Number(select.value)) }, ...options);
      const row = h("div", { class: "pmtech-control" }, h("label", { for: id }, control.label), select);
      return { row, show: (value) => (select.value = value) };
    }
    const { low: min, high: max, step, unit } = control;
    const format = new Intl.NumberFormat("en", { maximumFractionDigits: Math.max(digits(step), digits(control.default)) });
    const output = h("output", { for: id });
    const range = h("input", { type: "range", id, min, max, step, oninput: () => (name(Number(range.value)), turn(Number(range.value))) });
    const name = (value) => {
      const text = `${format.format(value)} ${unit}`.trim();
      write(output, text);
      range.setAttribute("aria-valuetext", text);
    };
    const head = h("div", { class: "pmtech-control-head" }, h("label", { for: id }, control.label), output);
    return { row: h("div", { class: "pmtech-control" }, head, range), show: (value) => ((range.value = value), name(value)) };
  });

  // ---- actions ----
  const customers = h("span", { class: "pmtech-quiet" });
  const reset = () => {
    values = Object.fromEntries(described.map((control) => [control.path, control.default]));
    seed = model.get("first_seed");
    send();
  };
  const keep = h("button", { type: "button", onclick: () => ((pin = ++lastPin), send()) }, "Keep this as A");
  const forget = h("button", { type: "button", onclick: () => ((pin = 0), send()) }, "Forget A");
  const actions = h(
    "div",
    { class: "pmtech-actions" },
    h("button", { type: "button", onclick: reset }, "Reset"),
    keep,
    forget,
    h("button", { type: "button", onclick: () => ((seed += 1), send()) }, "New customers"),
    customers,
  );

  // ---- what comes out ----
  const cards = h("div", { class: "pmtech-cards" });
  const plot = h("div", { class: "pmtech-plot", role: "img" });
  const sentences = h("p", { class: "pmtech-sentences", "aria-live": "polite" });
  const problem = h("p", { class: "pmtech-error", role: "alert" });
  const drawing = chart(model, plot);
  const root = h(
    "div",
    { class: "pmtech-explore", role: "group", "aria-label": "What if" },
    h("div", { class: "pmtech-controls" }, ...shown.map(({ row }) => row), actions),
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
      described.forEach((control, index) => shown[index].show(values[control.path]));
      root.classList.remove("pmtech-busy");
    }
    const card = ({ name, hint, value, pinned }) =>
      h("p", { title: hint }, h("span", {}, name), h("strong", {}, answer.error ? "–" : value), pinned ? h("small", {}, `A: ${pinned}`) : "");
    cards.replaceChildren(...answer.cards.map(card));
    write(customers, `Customers #${answer.seed}`);
    write(sentences, answer.sentences);
    plot.setAttribute("aria-label", `Chart: ${answer.axis}. The sentences below say what it shows.`);
    keep.hidden = answer.pinned;
    forget.hidden = !answer.pinned;
    say(answer.error);
    drawing.draw(answer.figure);
  };
  model.on("change:answer", paint);
  el.append(root);
  paint();
  return drawing.stop;
}
