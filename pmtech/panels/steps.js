// A sum in steps, with a slider for each of its numbers, a chart, and a sentence.
function render({ model, el }) {
  let { values, number } = model.get("answer");
  const knobs = controls(model.get("described"), (turned) => {
    values = { ...values, ...turned };
    number += 1;
    model.set("wish", { number, values });
    model.save_changes();
  });
  const reset = h("button", { type: "button", onclick: () => { model.set("wish", { number: ++number, values: knobs.first }); model.save_changes(); } }, "Reset");
  const steps = h("ol", { class: "pmtech-steps", "aria-live": "polite" });
  const plot = h("div", { class: "pmtech-plot", role: "img", "aria-label": `Chart: ${model.get("shows")}. The sentence below says what it shows.` });
  const said = h("p", { class: "pmtech-sentences" });
  const drawing = chart(model, plot);
  const left = h("div", { class: "pmtech-controls" }, ...knobs.rows, h("div", { class: "pmtech-actions" }, reset));
  el.append(h("div", { class: "pmtech-demand", role: "group", "aria-label": model.get("name") }, left, h("div", {}, steps, plot), said));
  const paint = () => {
    const answer = model.get("answer");
    if (answer.number >= number) {
      ({ values, number } = answer);
      knobs.show(values);
    }
    steps.replaceChildren(...answer.steps.map((text) => h("li", {}, text)));
    write(said, answer.said);
    drawing.draw(answer.figure);
  };
  model.on("change:answer", paint);
  paint();
  return drawing.stop;
}
