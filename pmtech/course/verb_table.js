function render({ model, el }) {
  const properties = model.get("properties");
  const boxes = [];
  const rows = model.get("verbs").map((verb) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, verb),
      ...properties.map((name) => {
        const box = h("input", {
          type: "checkbox",
          "aria-label": `${verb} is ${name}`,
          onchange: () => {
            const others = (model.get("answers")[verb] ?? []).filter((ticked) => ticked !== name);
            model.set("answers", { ...model.get("answers"), [verb]: box.checked ? [...others, name] : others });
            model.save_changes();
          },
        });
        boxes.push({ verb, name, box });
        return h("td", {}, h("label", {}, box));
      }),
    ),
  );
  const head = h("tr", {}, h("td", {}), ...properties.map((name) => h("th", { scope: "col" }, name)));
  el.append(h("table", { class: "pmtech-verbs", "aria-label": "Verbs and their properties" }, h("thead", {}, head), h("tbody", {}, ...rows)));
  const notice = h("p", { class: "pmtech-error", role: "status" });
  el.append(notice);
  const paint = () => {
    boxes.forEach(({ verb, name, box }) => (box.checked = (model.get("answers")[verb] ?? []).includes(name)));
    write(notice, model.get("notice"));
    notice.hidden = !model.get("notice");
  };
  model.on("change", paint);
  paint();
  return () => model.off("change", paint);
}
