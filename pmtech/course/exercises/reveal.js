const SEEN_MS = 2000; // what has stood on the screen so long has been seen

function render({ model, el }) {
  const root = h("div", { class: "pmtech-course pmtech-reveal", "aria-live": "polite" });
  el.append(root);
  let drawing = null;

  const waits = ({ id, waits }) => {
    const look = () => {
      const question = document.querySelector(`.pmtech-ask[data-question="${id}"]`);
      if (!question) return write(sentence, `${waits} Run the cell of the question first; it stands further up.`);
      question.scrollIntoView({ block: "center" });
      question.querySelector("input")?.focus({ preventScroll: true });
    };
    const sentence = h("p", {}, waits);
    const go = h("button", { type: "button", class: "pmtech-primary", onclick: look }, "Go to the question");
    const show = h("button", { type: "button", onclick: () => model.send({ do: "show" }) }, "Show it without a prediction");
    return [sentence, h("div", { class: "pmtech-buttons" }, go, show)];
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
      drawing = chart(model, plot);
      drawing.draw(told.figure);
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
    drawing?.stop();
    drawing = null;
    root.dataset.waits = "waits" in told;
    if (typeof told.right === "boolean") root.dataset.right = told.right;
    else delete root.dataset.right;
    root.replaceChildren(...("waits" in told ? waits(told) : outcome(told)));
    if (focused >= 0) (root.querySelectorAll("button")[focused] ?? root.querySelector(".pmtech-because") ?? root.querySelector("button"))?.focus({ preventScroll: true });
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
