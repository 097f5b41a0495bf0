const SEEN_MS = 2000; // what has stood on the screen so long has been seen

// Puts in what is new and takes out what is gone. What stands there already stays: only what is new is read out, and the focus
// and a chart that was drawn are kept.
function settle(el, parts) {
  parts.forEach((part, n) => {
    const there = el.children[n];
    if (!there) el.append(part);
    else if (part.matches("[role=group]") && there.matches("[role=group]")) settle(there, [...part.children]);
    else if (!same(there, part)) there.replaceWith(part);
  });
  while (el.children.length > parts.length) el.lastElementChild.remove();
}
function same(there, part) {
  if (part.matches("[role=img]")) return there.getAttribute("aria-label") === part.getAttribute("aria-label");
  const is = ["tagName", "className", "textContent"].every((one) => there[one] === part[one]);
  if (is) for (const { name, value } of part.attributes) there.setAttribute(name, value);
  return is;
}

function render({ model, el }) {
  const root = h("div", { class: "pmtech-course pmtech-reveal", "aria-live": "polite" });
  el.append(root);
  let [drawing, drawn] = [null, null]; // a chart, and where it stands

  const waits = ({ id, waits }) => {
    const look = () => {
      const question = document.querySelector(`.pmtech-ask[data-question="${id}"]`);
      if (!question) return write(root.firstElementChild, `${waits} Run the cell of the question first; it stands further up.`);
      question.scrollIntoView({ block: "center" });
      question.querySelector("input")?.focus({ preventScroll: true });
    };
    const go = h("button", { type: "button", class: "pmtech-primary", onclick: look }, "Go to the question");
    const show = h("button", { type: "button", onclick: () => model.send({ do: "show" }) }, "Show it without a prediction");
    return [h("p", {}, waits), h("div", { class: "pmtech-buttons" }, go, show)];
  };

  const seen = ({ text, options, chosen, right, feedback }) => {
    const rows = options.map((option, i) =>
      h("button", { type: "button", class: "pmtech-option", "aria-pressed": String(i === chosen), onclick: () => model.send({ do: "saw", value: i }) },
        h("b", {}, LETTERS[i]), rich(h("span"), option)));
    const told = chosen === null ? [] : [rich(h("p", { class: "pmtech-result", "data-correct": String(right) }), feedback)];
    return h("div", { class: "pmtech-seen", role: "group", "aria-label": "What did you see?" },
      h("p", { class: "pmtech-kind" }, "What did you see?"), rich(h("p", { class: "pmtech-title" }), text), ...rows, ...told);
  };

  const because = ({ feedback, belief, why }) =>
    h("div", { class: "pmtech-because", tabindex: "-1" }, rich(h("p"), feedback), h("p", { class: "pmtech-quiet" }, belief ?? ""),
      ...why.map((paragraph) => rich(h("p"), paragraph)));

  const outcome = (told) => {
    const said = told.you ? [h("p", {}, h("span", { class: "pmtech-kind" }, "You said"), rich(h(told.truth ? "strong" : "b"), told.you))] : [];
    const ran = h("p", {}, h("span", { class: "pmtech-kind" }, "Your run"), rich(h(told.truth ? "strong" : "span"), told.truth ?? told.run));
    const parts = [
      h("p", { class: "pmtech-verdict", "data-correct": String(told.right) }, told.verdict),
      h("div", { class: "pmtech-both" }, ...said, ran),
    ];
    if (told.figure) {
      const plot = h("div", { class: "pmtech-plot", role: "img", "aria-label": `Chart: ${told.you ? `you said ${told.you}; ` : ""}your run: ${told.truth}.` });
      plot.style.height = `${told.height}px`;
      parts.push(plot, rich(h("p"), told.run));
    }
    if (told.odd) parts.push(h("p", { class: "pmtech-quiet" }, told.odd));
    if (told.seen) parts.push(seen(told.seen));
    parts.push(told.why ? because(told) : h("button", { type: "button", onclick: () => model.send({ do: "go on" }) }, "Explain it without my answer"));
    if (told.notice) parts.push(h("p", { class: "pmtech-notice", role: "status" }, told.notice));
    return parts;
  };

  const paint = () => {
    const told = model.get("told");
    const focused = [...root.querySelectorAll("button")].indexOf(document.activeElement);
    const before = root.querySelector(".pmtech-result")?.textContent;
    root.dataset.waits = "waits" in told;
    if (typeof told.right === "boolean") root.dataset.right = told.right;
    else delete root.dataset.right;
    settle(root, "waits" in told ? waits(told) : outcome(told));
    const plot = root.querySelector(".pmtech-plot");
    if (plot !== drawn) {
      drawing?.stop();
      [drawing, drawn] = [plot && chart(model, plot), plot];
      drawing?.draw(told.figure);
    }
    if (focused < 0) return;
    if (!root.contains(document.activeElement)) goTo(root.querySelectorAll("button")[focused] ?? root.querySelector(".pmtech-because") ?? root.querySelector("button"));
    const said = root.querySelector(".pmtech-result");
    if (said && said.textContent !== before) goTo(said, false);
  };
  let timer;
  const watch = new IntersectionObserver(([{ isIntersecting }]) => {
    clearTimeout(timer);
    if (isIntersecting) timer = setTimeout(() => "waits" in model.get("told") && model.send({ do: "passed" }), SEEN_MS);
  });
  watch.observe(root);
  model.on("change:told", paint);
  paint();
  return () => {
    clearTimeout(timer);
    watch.disconnect();
    drawing?.stop();
  };
}
