function render({ model, el }) {
  const bar = h("progress", { "aria-label": "Runs done" });
  const said = h("span", { role: "status" });
  const stop = h("button", { type: "button", onclick: () => ((stop.disabled = true), model.send({ kind: "stop" })) }, "Stop");
  const paint = () => {
    bar.max = model.get("total") || 1;
    bar.value = model.get("done");
    write(said, model.get("said"));
    bar.hidden = stop.hidden = !model.get("running");
  };
  for (const name of ["done", "said", "running"]) model.on(`change:${name}`, paint);
  el.append(h("div", { class: "pmtech-progress" }, bar, said, stop));
  paint();
}
