const KIND = { try: "Try it", "warm-up": "Warm-up", predict: "Predict", check: "Check yourself" };

// Options with letters. Nothing but the button gives an answer: Enter on an option does not.
function optionsOf(options, chosen) {
  const group = newId();
  const rows = options.map((option, i) => {
    const radio = h("input", { type: "radio", name: group, value: i, onchange: () => chosen(i) });
    const mark = h("span", { class: "pmtech-mark" });
    const label = h("label", { class: "pmtech-option" }, radio, h("b", {}, LETTERS[i]), rich(h("span"), option), mark);
    return { label, radio, mark };
  });
  const show = (value, committed) =>
    rows.forEach(({ radio, mark }, i) => {
      radio.checked = i === value;
      write(mark, committed && i === value ? "your answer" : "");
    });
  return { rows: rows.map(({ label }) => label), first: rows[0].radio, show };
}

// A number to type, or a marker to drag; before either there is none.
function guessOf({ unit, low, high, step }, chosen) {
  const say = (value) => value.toLocaleString("en");
  const typed = h("input", { type: "number", min: low, max: high, step: "any", "aria-label": `Your guess, ${unit}`, oninput: () => {
    const value = typed.valueAsNumber;
    const fits = value >= low && value <= high;
    write(beyond, fits || !(typed.value || typed.validity.badInput) ? "" : `A number between ${say(low)} and ${say(high)} ${unit} is asked for.`);
    chosen(fits ? value : null);
  } });
  const beyond = h("p", { class: "pmtech-quiet", role: "status" });
  const marker = h("input", { type: "range", min: low, max: high, step, "aria-label": `Your guess, ${unit}`, oninput: () => (write(beyond, ""), chosen(marker.valueAsNumber)) });
  const ends = h("div", { class: "pmtech-ends" }, h("span", {}, `${say(low)} ${unit}`), h("span", {}, `${say(high)} ${unit}`));
  const show = (value) => {
    if (document.activeElement !== typed) typed.value = value ?? "";
    marker.value = value ?? (low + high) / 2;
    marker.classList.toggle("pmtech-unset", value === null);
    marker.setAttribute("aria-valuetext", value === null ? "no guess yet" : `${say(value)} ${unit}`);
  };
  const row = h("div", { class: "pmtech-guess" }, h("label", {}, typed, unit), h("div", {}, marker, ends));
  return { rows: [row, beyond], first: typed, show };
}

function render({ model, el }) {
  const { id, kind, text, hint, options, guess } = model.get("question");
  const choose = (value) => {
    model.set("value", value);
    model.save_changes();
  };
  const answer = guess ? guessOf(guess, choose) : optionsOf(options, choose);
  const fieldset = h("fieldset", {},
    h("legend", {}, h("span", { class: "pmtech-kind" }, KIND[kind]),
      ...text.split("\n\n").map((paragraph) => rich(h("span", { class: "pmtech-title" }), paragraph))),
    ...answer.rows);
  const details = h("details", {}, h("summary", {}, "Hint"), rich(h("p"), hint));
  const commit = h("button", { type: "button", class: "pmtech-primary", onclick: () => {
    // The value travels with the message: a state update may still be waiting behind it.
    const value = model.get("value");
    if (value !== null && !model.get("committed")) model.send({ do: "commit", value });
  } }, kind === "predict" ? "Keep my prediction" : "Answer");
  const verdict = h("p", { class: "pmtech-verdict" });
  const feedback = h("p");
  const belief = h("p", { class: "pmtech-quiet" });
  const past = h("p", { class: "pmtech-quiet" });
  const result = h("div", { class: "pmtech-result", tabindex: "-1" }, verdict, feedback, belief, past);
  const live = h("div", { "aria-live": "polite" }, result);
  const again = h("button", { type: "button", onclick: () => model.send({ do: "again" }) });
  const change = h("button", { type: "button", onclick: () => model.send({ do: "change" }) });
  const skipped = h("p", { class: "pmtech-quiet", role: "status" });
  const notice = h("p", { class: "pmtech-notice", role: "status" });
  const root = h("div", { class: `pmtech-course pmtech-ask pmtech-${kind}`, "data-question": id },
    fieldset, details, skipped, commit, live, change, again, notice);
  el.append(root);
  underlineTerms(model, root);

  function update() {
    const { value, committed, misconception } = Object.fromEntries(
      ["value", "committed", "misconception"].map((name) => [name, model.get(name)]));
    const hadFocus = root.contains(document.activeElement);
    const wasCommitted = fieldset.disabled;
    answer.show(value, committed);
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
    write(change, model.get("change_label"));
    change.hidden = !model.get("change_label");
    write(skipped, model.get("skipped"));
    write(notice, model.get("notice"));
    // The control that had the focus has just been taken away: hand the focus on, never to the page's top.
    if (hadFocus && committed && !wasCommitted) goTo(result);
    if (hadFocus && !committed && wasCommitted) goTo(answer.first);
  }

  return followed(model, update);
}
