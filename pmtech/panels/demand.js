// The steps from users a day to requests a second, with a slider each, and what may come in a year.
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
  const plot = h("div", { class: "pmtech-plot", role: "img", "aria-label": "Chart: requests a second at the peak, month by month. The sentence below says what it shows." });
  const said = h("p", { class: "pmtech-sentences" });
  const drawing = chart(model, plot);
  const left = h("div", { class: "pmtech-controls" }, ...knobs.rows, h("div", { class: "pmtech-actions" }, reset));
  el.append(h("div", { class: "pmtech-demand", role: "group", "aria-label": "Demand" }, left, h("div", {}, steps, plot), said));
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
