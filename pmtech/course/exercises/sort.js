// The cards in the hand come one by one; a pile takes the one that is shown. By mouse a card can be dragged as well.
function render({ model, el }) {
  const { id, text, piles, cards } = model.get("sorting");
  const put = (card, pile) => {
    const { [card]: _, ...others } = model.get("value");
    model.set("value", pile ? { ...others, [card]: pile } : others);
    model.save_changes();
  };
  const inHand = () => cards.filter((card) => !(card in model.get("value")));
  const dragged = (card) => ({ draggable: "true", ondragstart: (event) => event.dataTransfer.setData("text/plain", card) });

  const hand = h("div", { class: "pmtech-hand", "aria-live": "polite", "aria-atomic": "true" });
  const columns = piles.map((pile) => {
    const take = h("button", { type: "button", class: "pmtech-pile", onclick: () => inHand().length && put(inHand()[0], pile) });
    const list = h("ul", { "aria-label": `On the pile ${pile}` });
    const column = h("div", { ondragover: (event) => event.preventDefault(), ondrop: (event) => {
      event.preventDefault();
      const card = event.dataTransfer.getData("text/plain");
      if (cards.includes(card) && !model.get("marks").length) put(card, pile);
    } }, take, list);
    return { pile, take, list, column };
  });
  const commit = h("button", { type: "button", class: "pmtech-primary", onclick: () => model.send({ do: "commit", value: model.get("value") }) }, "Mark them");
  const again = h("button", { type: "button", onclick: () => model.send({ do: "again" }) });
  const result = h("div", { class: "pmtech-result", tabindex: "-1" });
  const live = h("div", { "aria-live": "polite" }, result);
  const notice = h("p", { class: "pmtech-notice", role: "status" });
  el.append(h("div", { class: "pmtech-course pmtech-sort", "data-question": id, role: "group", "aria-label": "Cards to sort" },
    h("p", { class: "pmtech-kind" }, "Sort"),
    ...text.split("\n\n").map((paragraph) => rich(h("p", { class: "pmtech-title" }), paragraph)),
    hand, h("div", { class: "pmtech-piles" }, ...columns.map(({ column }) => column)), commit, live, again, notice));

  const reason = ({ text, pile, why }) => h("li", {}, rich(h("span"), text.replace(/\.$/, "")), ": ", rich(h("b"), `${pile}. `), rich(h("span"), why));
  const reasons = (marks) => {
    const [right, wrong] = [true, false].map((fate) => marks.filter((mark) => mark.right === fate));
    const all = wrong.length === 0;
    const others = right.length ? [h("details", { open: all }, h("summary", {}, `Why ${all ? "each lies where it belongs" : "the others lie where they belong"}`), h("ul", {}, ...right.map(reason)))] : [];
    return [h("p", { class: "pmtech-verdict", "data-correct": String(all) }, model.get("verdict")), h("ul", {}, ...wrong.map(reason)), ...others];
  };

  function update() {
    const [value, marks] = [model.get("value"), model.get("marks")];
    const focused = document.activeElement?.dataset?.card;
    const hadFocus = el.contains(document.activeElement);
    const left = inHand();
    hand.replaceChildren(...(left.length
      ? [h("span", { class: "pmtech-kind" }, `Card ${cards.length - left.length + 1} of ${cards.length}. Press its pile, or drag it there.`), rich(h("div", { class: "pmtech-card", ...dragged(left[0]) }), left[0])]
      : [h("p", { class: "pmtech-quiet" }, "Every card lies on a pile. To take one back, press it.")]));
    hand.hidden = marks.length > 0;
    for (const { pile, take, list } of columns) {
      const here = cards.filter((card) => value[card] === pile);
      take.disabled = !left.length;
      take.replaceChildren(h("b", {}, pile), h("span", { class: "pmtech-quiet" }, ` ${here.length || ""}`));
      take.setAttribute("aria-label", left.length ? `Put it on the pile ${pile}, which has ${here.length}` : `${pile}, ${here.length} cards`);
      list.replaceChildren(...here.map((card) => {
        const mark = marks.find((one) => one.text === card);
        const fate = mark ? { "data-correct": String(mark.right), disabled: true } : {};
        const label = mark ? `${card}: ${mark.right ? "right" : `belongs on ${mark.pile}`}` : `Take back: ${card}`;
        return h("li", {}, rich(h("button", { type: "button", class: "pmtech-card", "data-card": card, "aria-label": label.replaceAll("`", ""),
          onclick: () => put(card, null), ...fate, ...(mark ? {} : dragged(card)) }), card));
      }));
    }
    commit.hidden = marks.length > 0;
    commit.disabled = left.length > 0;
    const hadMarks = !result.hidden;
    result.hidden = !marks.length;
    result.replaceChildren(...(marks.length ? reasons(marks) : []));
    again.hidden = !marks.some((mark) => !mark.right);
    write(again, "Sort these again");
    write(notice, model.get("notice"));
    // What had the focus has gone or can do nothing more: hand the focus on, never to the page's top.
    if (hadFocus && marks.length && !hadMarks) goTo(result);
    else if (hadFocus && !marks.length && (focused || hadMarks)) goTo(columns[0].take);
    else if (hadFocus && !left.length && !marks.length) goTo(commit);
  }

  result.hidden = true;
  return followed(model, update);
}
