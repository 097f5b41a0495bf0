// A seat in the cell that has taken it: one click asks for help, one leaves.
function render({ model, el }) {
  const said = h("p", { role: "status" });
  const stuck = h("button", { type: "button", onclick: () => model.send({ do: "stuck" }) });
  const leave = h("button", { type: "button", onclick: () => model.send({ do: "leave" }) }, "Leave the room");
  el.append(h("div", { class: "pmtech-course" }, said, stuck, " ", leave));
  const paint = () => {
    const asks = model.get("asks");
    write(said, model.get("said"));
    write(stuck, asks ? "We are stuck. Help is coming." : "We are stuck");
    stuck.setAttribute("aria-pressed", String(asks));
    stuck.hidden = leave.hidden = !model.get("inside");
  };
  const all = "change:said change:asks change:inside";
  model.on(all, paint);
  paint();
  return () => model.off(all, paint);
}
