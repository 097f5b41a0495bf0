// What is said grows at the top, what can be said stands below it; each choice is a button.
function render({ model, el }) {
  const { id, title, setting, people } = model.get("agenda");
  const table = h("details", {}, h("summary", {}, `Who is at the table: ${people.map(({ name }) => name).join(", ")}`),
    h("ul", {}, ...people.map(({ name, role, wants }) => h("li", {}, h("b", {}, name), `, ${role}. ${wants}`))));
  const log = h("div", { class: "pmtech-talk", role: "log", tabindex: "0", "aria-label": "What was said" });
  const left = h("p", { class: "pmtech-quiet" });
  const mine = h("div", { class: "pmtech-says", role: "group", "aria-label": "What you can say" });
  const result = h("div", { class: "pmtech-result", tabindex: "-1" });
  const again = h("button", { type: "button", onclick: () => model.send({ do: "again" }) }, "Begin again");
  const notice = h("p", { class: "pmtech-notice", role: "status" });
  el.append(h("div", { class: "pmtech-course pmtech-meeting", "data-meeting": id },
    h("p", { class: "pmtech-kind" }, "Meeting"), rich(h("p", { class: "pmtech-title" }), title), rich(h("p"), setting), table,
    log, result, left, mine, again, notice));

  const entry = ({ kind, who, role, says, claim, holds, why, drawn }) => {
    const text = rich(h("span"), says);
    if (kind === "they") return h("p", { class: "pmtech-they" }, h("b", {}, who), h("span", { class: "pmtech-quiet" }, `, ${role}${claim ? " · a claim" : ""}`), h("br"), text);
    if (kind === "you") return h("p", { class: "pmtech-you" }, h("b", {}, "You"), h("br"), text);
    if (kind === "found") return h("p", { class: "pmtech-found" }, text);
    const picture = h("div");
    picture.innerHTML = drawn; // made by the package: an svg, its texts escaped
    return h("div", { class: "pmtech-model" }, h("p", { class: "pmtech-verdict", "data-correct": String(holds) }, "The model: ", text), h("p", {}, why),
      h("details", {}, h("summary", {}, "What was run"), picture));
  };

  let shown = 0;
  function update() {
    const [said, choices, end] = [model.get("log"), model.get("choices"), model.get("end")];
    const hadFocus = el.contains(document.activeElement);
    if (said.length < shown) log.replaceChildren((shown = 0) || "");
    const fresh = said.slice(shown).map(entry);
    const first = shown === 0;
    log.append(...fresh);
    shown = said.length;
    log.scrollTop = first ? 0 : fresh.length ? fresh[0].offsetTop - log.offsetTop - 8 : log.scrollTop; // what is new stands at the top
    write(left, choices.length ? `${model.get("left")}. To be shown a run takes one.` : "");
    mine.removeAttribute("aria-busy");
    mine.replaceChildren(...choices.map((text, number) => {
      const button = h("button", { type: "button", class: "pmtech-option", onclick: () => {
        mine.setAttribute("aria-busy", "true");
        model.send({ do: "choose", number, at: said.length });
      } });
      return rich(button, text);
    }));
    result.hidden = !end.said;
    result.replaceChildren(...(end.said ? [
      h("p", { class: "pmtech-verdict" }, "What came of it"),
      h("ul", {}, ...end.said.map((one) => rich(h("li"), one))),
      h("details", {}, h("summary", {}, "What each of your sentences did"), h("ul", {}, ...end.why.map(([text, why]) => h("li", {}, rich(h("b"), text), " ", rich(h("span"), why))))),
    ] : []));
    again.hidden = !said.some(({ kind }) => kind === "you");
    write(notice, model.get("notice"));
    // What had the focus is gone: hand it on, to the first thing that can be said or to how it ended.
    if (hadFocus) goTo(end.said ? result : mine.querySelector("button"));
  }

  return followed(model, update);
}
