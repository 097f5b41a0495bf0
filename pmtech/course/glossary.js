function render({ model, el }) {
  const id = newId();
  const input = h("input", { type: "text", id, autocomplete: "off", oninput: () => {
    model.set("value", input.value);
    model.save_changes();
  } });
  const found = h("p", { class: "pmtech-quiet", role: "status" });
  // The list scrolls, so the keyboard must be able to reach it.
  const list = h("dl", { tabindex: "0", "aria-label": "Terms", "data-lm-suppress-shortcuts": "true" });
  const entries = model.get("terms").map((term) => {
    const lesson = h("span", { class: "pmtech-quiet" }, `lesson ${term.lesson}`);
    const entry = h("div", {}, h("dt", {}, term.name, lesson), rich(h("dd"), term.line),
      rich(h("dd", { class: "pmtech-quiet" }), `For example: ${term.example}`));
    const names = [term.name, ...term.also].join("\n").toLowerCase();
    return { entry, names, text: `${names}\n${term.line}`.toLowerCase() };
  });
  el.append(h("div", { class: "pmtech-course pmtech-glossary" }, h("label", { for: id }, "Find a term"), input, found, list));

  // A term that is called so comes before one that only mentions the word.
  function narrow() {
    const wanted = model.get("value").trim().toLowerCase();
    if (input.value !== model.get("value")) input.value = model.get("value");
    const named = entries.filter(({ names }) => names.includes(wanted));
    const mentioned = entries.filter(({ names, text }) => !names.includes(wanted) && text.includes(wanted));
    const shown = [...named, ...mentioned];
    list.replaceChildren(...shown.map(({ entry }) => entry));
    list.hidden = !shown.length;
    list.scrollTop = 0;
    write(found, shown.length ? `${shown.length} of ${entries.length} terms` : "No term has this word.");
  }
  model.on("change:value", narrow);
  narrow();
  return () => model.off("change:value", narrow);
}
