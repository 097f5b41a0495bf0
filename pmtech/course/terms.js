// The first use of a glossary term in a lesson's text is underlined; its line shows while it is pointed at or focused.

// The lesson that this panel stands in: its terms are asked of the kernel by the first panel of a page.
function underlineTerms(model, root) {
  const terms = (window.pmtechTerms ??= { known: null, tip: null });
  if (terms.known) return mark(root.closest(".jp-Notebook"));
  if (terms.asked?.isConnected) return;
  terms.asked = root;
  model.on("msg:custom", (message) => {
    if (message?.kind !== "terms" || terms.known) return;
    terms.known = message.terms.flatMap(({ names, ...term }) => names.map((name) => [name, term]));
    showTips(terms);
    // Cells are rendered one after the other, and again after a change.
    let queued = 0;
    const later = () => (queued ||= setTimeout(() => ((queued = 0), document.querySelectorAll(".jp-Notebook:has(.pmtech-ask)").forEach(mark)), 200));
    new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
    later();
  });
  model.send({ do: "terms" });
}

function mark(notebook) {
  const fresh = notebook?.querySelectorAll(".jp-MarkdownOutput > :first-child:not([data-terms])") ?? [];
  if (!fresh.length) return;
  const done = new Set([...notebook.querySelectorAll("dfn.pmtech-term")].map((term) => term.dataset.term));
  for (const first of fresh) {
    first.dataset.terms = "";
    const texts = document.createTreeWalker(first.parentElement, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) if (!texts.currentNode.parentElement.closest("h1, h2, h3, a, code, pre, dfn, summary")) found.push(texts.currentNode);
    found.forEach((text) => markText(text, done));
  }
}

function markText(text, done) {
  for (let at; (at = firstTerm(text.data, done)); ) {
    const word = text.splitText(at.index);
    text = word.splitText(at.length);
    const term = h("dfn", { class: "pmtech-term", tabindex: "0", "data-term": at.term.name, "data-line": at.term.line });
    word.replaceWith(term);
    term.append(word);
    done.add(at.term.name);
  }
}

// The leftmost term of a text that is not marked yet; of two at one place the longer.
function firstTerm(text, done) {
  let best = null;
  for (const [name, term] of window.pmtechTerms.known) {
    if (done.has(term.name)) continue;
    const abbreviation = name === name.toUpperCase();
    const pattern = (term.patterns ??= {})[name] ??= new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?:e?s)?(?![\\w-])`, abbreviation ? "" : "i");
    const hit = pattern.exec(text);
    if (!hit) continue;
    if (!best || hit.index < best.index || (hit.index === best.index && hit[0].length > best.length)) best = { index: hit.index, length: hit[0].length, term };
  }
  return best;
}

function showTips(terms) {
  const tip = (terms.tip = h("div", { class: "pmtech-tip pmtech", id: newId(), role: "tooltip", "data-filled": "", hidden: true }));
  document.body.append(tip);
  const hide = () => (tip.hidden = true);
  const show = ({ target }) => {
    const term = target.closest?.("dfn.pmtech-term");
    if (!term) return;
    tip.replaceChildren(h("b", {}, term.dataset.term), ` ${term.dataset.line}`.replaceAll("`", ""));
    tip.hidden = false;
    term.setAttribute("aria-describedby", tip.id);
    const { left, top, bottom } = term.getBoundingClientRect();
    const below = bottom + tip.offsetHeight + 8 < window.innerHeight;
    tip.style.left = `${Math.max(8, Math.min(left, window.innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${below ? bottom + 6 : top - tip.offsetHeight - 6}px`;
  };
  document.addEventListener("mouseover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("mouseout", ({ target }) => target.closest?.("dfn.pmtech-term") && hide());
  document.addEventListener("focusout", hide);
  // To come to a term by keyboard may scroll the page: then its line goes with it.
  document.addEventListener("scroll", () => (hide(), show({ target: document.activeElement })), true);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
}
