const KIND = { try: "Try it", "warm-up": "Warm-up", predict: "Predict", check: "Check yourself" };

function render({ model, el }) {
  const { kind, text, hint, options } = model.get("question");
  const group = newId();
  const rows = options.map((option, i) => {
    const radio = h("input", { type: "radio", name: group, value: i, onchange: () => {
      model.set("value", i);
      model.save_changes();
    } });
    const mark = h("span", { class: "pmtech-mark" });
    const label = h("label", { class: "pmtech-option" }, radio, rich(h("span"), option), mark);
    return { label, radio, mark };
  });
  const fieldset = h("fieldset", {},
    h("legend", {}, h("span", { class: "pmtech-kind" }, KIND[kind]),
      ...text.split("\n\n").map((paragraph) => rich(h("span", { class: "pmtech-title" }), paragraph))),
    ...rows.map(({ label }) => label));
  const summary = h("summary", { "data-lm-suppress-shortcuts": "true" }, "Hint");
  const details = h("details", {}, summary, rich(h("p"), hint));
  const commit = h("button", { type: "submit", class: "pmtech-primary" }, kind === "predict" ? "Keep my prediction" : "Answer");
  const verdict = h("p", { class: "pmtech-verdict" });
  const feedback = h("p");
  const belief = h("p", { class: "pmtech-quiet" });
  const past = h("p", { class: "pmtech-quiet" });
  const result = h("div", { class: "pmtech-result", tabindex: "-1" }, verdict, feedback, belief, past);
  const live = h("div", { "aria-live": "polite" }, result);
  const again = h("button", { type: "button", onclick: () => model.send({ do: "again" }) });
  const notice = h("p", { class: "pmtech-notice", role: "status" });
  const form = h("form", { onchange: update, onsubmit: (event) => {
    event.preventDefault();
    // The value travels with the message: a state update may still be waiting behind it.
    const value = rows.findIndex(({ radio }) => radio.checked);
    if (value >= 0 && !model.get("committed")) model.send({ do: "commit", value });
  } }, fieldset, details, commit, live, again, notice);
  const root = h("div", { class: "pmtech-course pmtech-ask" }, form);
  el.append(root);

  function update() {
    const { value, committed, misconception } = Object.fromEntries(
      ["value", "committed", "misconception"].map((name) => [name, model.get(name)]));
    const hadFocus = root.contains(document.activeElement);
    const wasCommitted = fieldset.disabled;
    rows.forEach(({ radio, mark }, i) => {
      radio.checked = i === value;
      write(mark, committed && i === value ? "your answer" : "");
    });
    fieldset.disabled = committed;
    commit.disabled = value === null;
    commit.hidden = committed;
    details.hidden = committed || !hint;
    result.hidden = !committed;
    result.dataset.correct = model.get("correct");
    write(verdict, model.get("verdict"));
    rich(feedback, model.get("feedback"));
    write(belief, misconception && `A common belief: ${misconception}.`);
    rich(past, model.get("past"));
    write(again, model.get("again_label"));
    again.hidden = !model.get("again_label");
    write(notice, model.get("notice"));
    // The control that had the focus has just been taken away: hand the focus on, never to the page's top.
    if (hadFocus && committed && !wasCommitted) result.focus({ preventScroll: true });
    if (hadFocus && !committed && wasCommitted) rows[0].radio.focus({ preventScroll: true });
  }

  // A commit changes several traits at once: one update for all of them.
  let queued = false;
  const later = () => {
    if (queued) return;
    queued = true;
    queueMicrotask(() => {
      queued = false;
      update();
    });
  };
  model.on("change", later);
  update();
  return () => model.off("change", later);
}
