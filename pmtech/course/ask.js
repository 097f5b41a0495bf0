const KIND = { try: "Try it", "warm-up": "Warm-up", predict: "Predict", check: "Check yourself" };
let groups = 0;

function element(tag, className, parent, text) {
  const el = document.createElement(tag);
  if (className) el.className = className;
  if (text) rich(el, text);
  if (parent) parent.append(el);
  return el;
}

// Texts come from the question files: `backticks` are code, everything else stays plain text.
function rich(el, text) {
  el.replaceChildren(
    ...text.split("`").map((part, i) => {
      if (i % 2 === 0) return document.createTextNode(part);
      return Object.assign(document.createElement("code"), { textContent: part });
    }),
  );
}

function render({ model, el }) {
  const { kind, text, hint, options } = model.get("question");
  const group = `pmtech-ask-${++groups}`;
  const root = element("div", "pmtech-course pmtech-ask", el);
  const form = element("form", "", root);
  const fieldset = element("fieldset", "", form);
  const legend = element("legend", "", fieldset);
  element("span", "kind", legend, KIND[kind]);
  element("span", "text", legend, text);

  const rows = options.map((option, i) => {
    const label = element("label", "option", fieldset);
    const radio = element("input", "", label);
    Object.assign(radio, { type: "radio", name: group, value: i });
    radio.dataset.lmSuppressShortcuts = "true";
    radio.addEventListener("change", () => {
      model.set("value", i);
      model.save_changes();
    });
    element("span", "", label, option);
    const mark = element("span", "mark", label);
    return { label, radio, mark };
  });

  let details;
  if (hint) {
    details = element("details", "", form);
    element("summary", "", details, "Hint").dataset.lmSuppressShortcuts = "true";
    element("p", "", details, hint);
  }

  const commit = element("button", "primary", form, kind === "predict" ? "Keep my prediction" : "Answer");
  commit.type = "submit";
  const result = element("div", "result", form);
  result.setAttribute("aria-live", "polite");
  result.tabIndex = -1;
  const verdict = element("p", "verdict", result);
  const feedback = element("p", "", result);
  const belief = element("p", "belief", result);
  const past = element("p", "belief", result);
  const again = element("button", "", form);
  again.type = "button";
  const notice = element("p", "notice", root);
  notice.setAttribute("role", "status");
  for (const button of [commit, again]) button.dataset.lmSuppressShortcuts = "true";

  const chosen = () => rows.findIndex(({ radio }) => radio.checked);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // The value travels with the message: a state update may still be waiting behind it.
    if (chosen() >= 0 && !model.get("committed")) model.send({ do: "commit", value: chosen() });
  });
  form.addEventListener("change", update);
  again.addEventListener("click", () => model.send({ do: "again" }));

  function update() {
    const value = model.get("value");
    const committed = model.get("committed");
    const correct = model.get("correct");
    const hadFocus = root.contains(document.activeElement);
    const wasCommitted = fieldset.disabled;
    rows.forEach(({ label, radio, mark }, i) => {
      radio.checked = i === value;
      label.classList.toggle("chosen", committed && i === value);
      mark.textContent = committed && i === value ? "your answer" : "";
    });
    fieldset.disabled = committed;
    commit.disabled = value === null;
    commit.hidden = committed;
    if (details) details.hidden = committed;
    result.hidden = !committed;
    result.dataset.correct = correct;
    rich(verdict, model.get("verdict"));
    rich(feedback, model.get("feedback"));
    rich(belief, model.get("misconception") && `A common belief: ${model.get("misconception")}.`);
    rich(past, model.get("past"));
    again.textContent = model.get("again_label");
    again.hidden = !model.get("again_label");
    notice.textContent = model.get("notice");
    // The control that had the focus has just been taken away: hand the focus on, never to the page's top.
    if (hadFocus && committed && !wasCommitted) result.focus({ preventScroll: true });
    if (hadFocus && !committed && wasCommitted) rows[Math.max(value ?? 0, 0)].radio.focus({ preventScroll: true });
  }

  const names = ["value", "committed", "correct", "verdict", "feedback", "misconception", "past", "again_label", "notice"];
  let queued = false;
  const later = () => {
    if (queued) return;
    queued = true;
    queueMicrotask(() => {
      queued = false;
      update();
    });
  };
  for (const name of names) model.on(`change:${name}`, later);
  update();
  return () => names.forEach((name) => model.off(`change:${name}`, later));
}

export default { render };
