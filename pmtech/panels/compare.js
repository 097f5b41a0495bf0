function render({ model, el }) {
  const [headings, ...rows] = model.get("table");
  const shows = model.get("figure").layout.xaxis.title.text;
  const plot = h("div", { class: "pmtech-plot", role: "img", "aria-label": `Chart by client and design. ${shows}.` });
  const head = h("tr", {}, ...headings.map((text) => h("th", { scope: "col" }, text)));
  const body = rows.map(([label, ...cells]) =>
    h("tr", {}, h("th", { scope: "row" }, label), ...cells.map((text) => h("td", {}, text))),
  );
  const table = h("table", { class: "pmtech-figures pmtech-compare" }, h("thead", {}, head), h("tbody", {}, ...body));
  plot.style.height = `${model.get("height")}px`;
  const drawing = chart(model, plot);
  el.append(table, h("p", { class: "pmtech-quiet" }, model.get("note")), plot);
  drawing.draw(model.get("figure"));
  return drawing.stop;
}
