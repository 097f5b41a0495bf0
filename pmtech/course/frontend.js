// A page is written from the parts that are switched on, as a browser gets it, and put into a frame of its own.
const PARTS = [["html", "Structure", "HTML: what is there"], ["css", "Style", "CSS: how it looks"], ["js", "Script", "JavaScript: what it does"]];

function render({ el }) {
  const on = { html: true, css: false, js: false };
  const frame = h("iframe", { title: "The page as the visitor sees it", sandbox: "allow-scripts" });
  const source = h("pre", { tabindex: 0, role: "group", "aria-label": "The page as the browser gets it" });
  const draw = () => {
    const [html, css, js] = [on.html && sources.html, on.css && `<style>\n${sources.css}\n</style>`, on.js && on.html && `<script>\n${sources.js}\n</script>`];
    const page = [css, html, js].filter(Boolean).join("\n");
    frame.srcdoc = `<!doctype html><html lang="en"><meta charset="utf-8"><title>How was lunch?</title>${page}`;
    write(source, page || "nothing");
  };
  const switches = PARTS.map(([name, word, what]) => {
    const box = h("input", { type: "checkbox", checked: on[name], onchange: () => ((on[name] = box.checked), draw()) });
    return h("label", {}, box, h("b", {}, word), h("span", { class: "pmtech-quiet" }, what));
  });
  el.append(h("div", { class: "pmtech-course pmtech-frontend" }, h("fieldset", { "aria-label": "What is sent" }, ...switches), frame, source));
  draw();
}
