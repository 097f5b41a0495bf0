// The learner's page: the sections of a lesson beside it, with their minutes and what is done, and JupyterLab's own bars
// out of the way. One switch brings them back.

const KEPT = "pmtech:tools"; // in the browser: "shown" while somebody wants JupyterLab's bars
const LATER_MS = 150; // what changes together is looked at once
const SETTLES = 4; // so often a section that was asked for is put back to the top of the page
const TOP = 120; // pixels: a section whose text has come so far up is the one that is read

const make = (tag, attributes = {}, ...children) => {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (value != null) el.setAttribute(name, value);
  }
  el.append(...children);
  return el;
};

// ---- JupyterLab's bars -------------------------------------------------------------------------------------------------

const toolsAreShown = () => localStorage.getItem(KEPT) === "shown";

// A notebook whose first cell cannot be deleted is a lesson; a learner's own keeps its bar.
const isLesson = (panel) => panel?.content?.widgets?.[0]?.model.getMetadata("deletable") === false;

function arrange({ shell }) {
  const shown = toolsAreShown();
  document.body.classList.toggle("pmtech-learner", !shown);
  [...shell.layout.widgets].find((one) => one.id === "jp-bottom-panel")?.setHidden(!shown);
  for (const side of ["left", "right"]) {
    if (shell.isSideTabBarVisible?.(side) !== shown) shell.toggleSideTabBarVisibility?.(side);
  }
  for (const panel of shell.widgets("main")) if (isLesson(panel)) panel.toolbar?.setHidden(!shown);
}

function turnTools(app) {
  localStorage.setItem(KEPT, toolsAreShown() ? "hidden" : "shown");
  arrange(app);
  for (const rail of rails) rail.look();
}

// ---- the sections ------------------------------------------------------------------------------------------------------

// JupyterLab takes the focus, and every key, that lies beside its cells for the active cell's: of the rail's, Shift+Enter alone is.
const OWN = {
  onfocusin: (event) => event.stopPropagation(),
  onkeydown: (event) => (event.key === "Enter" && event.shiftKey) || event.stopPropagation(),
};

const ASKS = /^(ask|check|sort)\(/m; // a cell that is done when its question is answered, its task met, its cards lie
const MET = ".pmtech-ask fieldset:disabled, .pmtech-turn .pmtech-result[data-correct='true'], .pmtech-sort > .pmtech-result:not([hidden])";
const SECTION = /^## (.*?)(?: · (\d+) min)?$/m;
const rails = new Set();

class Rail {
  #known = new WeakSet(); // cells that are listened to
  #stale = new WeakSet(); // cells that ran in a kernel that is gone
  #timer = 0;

  constructor(app, panel) {
    [this.app, this.panel, this.notebook] = [app, panel, panel.content];
    this.list = make("ol");
    this.print = make("button", { type: "button", class: "pmtech-print", onclick: () => this.#print() }, "Print, or save as a page");
    this.tools = make("button", { type: "button", class: "pmtech-tools", onclick: () => turnTools(app) });
    const home = panel.context.path.replace(/[^/]*$/, "00_start_here.ipynb");
    const all = make("button", { type: "button", class: "pmtech-home", onclick: () => app.commands.execute("docmanager:open", { path: home }) }, "All lessons");
    all.hidden = home === panel.context.path;
    const attributes = { class: "pmtech-rail", "aria-label": "Sections of this lesson", ...OWN };
    this.el = make("nav", attributes, all, this.list, this.print, this.tools);
    panel.addClass("pmtech-lesson");
    this.notebook.node.prepend(this.el);
    this.look = this.look.bind(this);
    const soon = () => this.#soon();
    this.notebook.outerNode.addEventListener("scroll", soon, { passive: true });
    const moved = ({ target }) => target.type !== "range" && soon(); // a slider changes nothing of what is looked at
    for (const kind of ["click", "keyup"]) this.notebook.node.addEventListener(kind, moved);
    this.notebook.model.contentChanged.connect(soon);
    new ResizeObserver(soon).observe(this.notebook.node);
    this.notebook.node.addEventListener("keydown", (event) => this.#key(event), true);
    new MutationObserver(soon).observe(this.notebook.node, { subtree: true, attributeFilter: ["disabled", "data-correct", "data-filled"] });
    this.#followKernel(panel.sessionContext);
    this.#keepPictures();
    rails.add(this);
    panel.disposed.connect(() => rails.delete(this));
    this.look();
  }

  // What ran in a kernel that is gone has to run again. A kernel that goes on, as when a page is loaded anew, has counted its cells.
  #followKernel(session) {
    const forget = (counted) => {
      for (const cell of this.notebook.widgets) if (cell.model.executionCount > counted) this.#stale.add(cell);
      this.#soon();
    };
    const meet = async ({ session }) => {
      const reply = await session?.kernel?.requestExecute({ code: "", silent: true }).done.catch(() => {});
      if (reply) forget(reply.content.execution_count);
    };
    session.kernelChanged.connect(meet);
    session.statusChanged.connect((_, now) => /restarting|dead|terminating/.test(now) && forget(0));
    session.ready.then(() => meet(session));
  }

  #listen(cell) {
    if (this.#known.has(cell)) return;
    this.#known.add(cell);
    cell.model.stateChanged.connect((_, { name, newValue }) => {
      if (name !== "executionCount" || !newValue) return;
      this.#stale.delete(cell);
      this.#soon();
    });
  }

  #soon() {
    this.#timer ||= setTimeout(this.look, LATER_MS);
  }

  // JupyterLab lets Tab into the active cell alone, so that it would jump over all that have no control. And Shift+Enter goes on from
  // a diagram or a link, as it does from a panel: to run their cell again would take them away, and the focus with them.
  #key(event) {
    const { activeCellIndex: at, widgets } = this.notebook;
    if (event.key === "Tab") for (const cell of [widgets[at - 1], widgets[at + 1]]) if (cell) cell.node.tabIndex = 0;
    const inOutput = event.target.closest(".jp-OutputArea") && !event.target.closest(".pmtech, .jp-mod-dirty");
    if (event.key !== "Enter" || !event.shiftKey || !inOutput) return;
    event.preventDefault();
    event.stopPropagation();
    if (at < widgets.length - 1) this.notebook.activeCellIndex = at + 1;
    this.notebook.activate();
    this.app.commands.execute("notebook:run-cell-and-select-next");
  }

  look() {
    this.#timer = 0;
    if (this.notebook.isDisposed) return;
    for (const cell of this.notebook.widgets) (dress(cell), this.#listen(cell));
    painted(() => this.notebook.node.querySelectorAll(SCROLLERS).forEach(reach));
    const sections = this.#sections();
    const reads = this.#read(sections);
    const key = JSON.stringify([sections.map(({ name, minutes, mark }) => [name, minutes, mark]), reads, toolsAreShown()]);
    if (key === this.key) return; // nothing is drawn anew under a hand, or under the focus
    this.key = key;
    const items = [...this.list.querySelectorAll("button")];
    const focused = items.indexOf(document.activeElement);
    this.list.replaceChildren(...sections.map((section, n) => this.#item(section, n === reads)));
    if (focused >= 0) this.list.querySelectorAll("button")[focused]?.focus();
    this.tools.textContent = toolsAreShown() ? "Hide JupyterLab's tools" : "Show JupyterLab's tools";
  }

  #item({ name, minutes, mark, from }, isRead) {
    const said = { done: "done", open: "something is open", "": "to come" }[mark];
    const button = make("button", { type: "button", "aria-current": isRead ? "true" : null, title: `${name}: ${said}`, onclick: () => this.#go(from) },
      make("i", { class: `pmtech-mark-${mark || "none"}`, "aria-hidden": "true" }),
      make("span", {}, name), make("small", {}, minutes ? `${minutes} min` : ""), make("b", {}, `, ${said}`));
    return make("li", {}, button);
  }

  async #go(index) {
    const { outerNode, widgets } = this.notebook;
    const off = () => widgets[index].node.getBoundingClientRect().top - outerNode.getBoundingClientRect().top;
    this.notebook.activeCellIndex = index;
    await this.notebook.scrollToItem(index, "start");
    this.notebook.activate();
    // What comes into sight on the way there is drawn only now, and pushes the section on.
    for (let tries = 0; tries < SETTLES; tries++) {
      outerNode.scrollTop += off();
      await new Promise((resolve) => setTimeout(resolve, LATER_MS));
    }
    this.look();
  }

  async #print() {
    const page = window.open("", "_blank");
    if (!page) return;
    this.print.disabled = true;
    await this.whole(() => page.document.write(pageOf(this.notebook, this.panel.title.label.replace(/\.ipynb$/, ""))));
    page.document.close();
    this.print.disabled = false;
    setTimeout(() => page.print(), 500); // its pictures are there by then
  }

  // All cells are put on the page for a moment: out of sight they have no charts.
  async whole(act) {
    const config = this.notebook.notebookConfig;
    this.notebook.notebookConfig = { ...config, windowingMode: "none" };
    await drawn(this.notebook.node);
    await act();
    this.notebook.notebookConfig = config;
  }

  // What is saved has each panel as it was last seen, for whoever opens the file, or a page made of it, without its kernel.
  #keepPictures() {
    const { model } = this.notebook;
    const bare = model.toJSON.bind(model);
    model.toJSON = () => {
      const saved = bare();
      const data = saved.cells.flatMap(({ outputs = [] }) => outputs.map((one) => one.data)).filter((one) => one?.["text/html"]);
      let look = `<style>${rulesOf(/pmtech|plotly/)}${KEPT_LOOK}</style>`; // once
      for (const one of data) {
        const html = [one["text/html"]].flat().join("");
        const mount = /^<div class="pmtech mathjax_ignore (pmtech-\w+)">/.exec(html)?.[1];
        const kept = mount && window.pmtechPage?.kept(mount);
        if (!kept) continue;
        one["text/html"] = `${html.slice(0, html.indexOf("</p>") + 4)}${look}<div class="pmtech-kept">${kept}</div></div>`;
        look = "";
      }
      return saved;
    };
  }

  #sections() {
    const sections = [];
    this.notebook.widgets.forEach((cell, index) => {
      const [, name, minutes] = (cell.model.type === "markdown" && SECTION.exec(cell.model.sharedModel.getSource())) || [];
      if (name) sections.push({ name, minutes, from: index, cells: [] });
      sections.at(-1)?.cells.push(cell);
    });
    let later = false; // has anything run further down?
    for (const section of [...sections].reverse()) {
      const codes = section.cells.filter(({ model }) => model.type === "code" && model.sharedModel.getSource().trim());
      const ran = codes.filter((cell) => cell.model.executionCount && !this.#stale.has(cell));
      const done = codes.length ? ran.length === codes.length : later;
      section.mark = !done ? "" : codes.every(isAnswered) ? "done" : "open";
      later ||= ran.length > 0;
    }
    return sections;
  }

  // The section that is read: that of the first cell on the screen.
  #read(sections) {
    const { top } = this.notebook.outerNode.getBoundingClientRect();
    const first = this.notebook.widgets.findIndex(({ node }) => node.isConnected && node.getBoundingClientRect().bottom > top + TOP);
    return sections.findLastIndex(({ from }) => from <= first);
  }
}

const isAnswered = ({ node, model }) => Boolean(node.querySelector(MET)) || !ASKS.test(model.sharedModel.getSource());

// ---- a page to print -----------------------------------------------------------------------------------------------------

const PATIENCE_MS = 8000;

async function drawn(root) {
  const late = performance.now() + PATIENCE_MS;
  const waits = () => [...root.querySelectorAll(".pmtech-plot")].some((plot) => plot.clientWidth && !plot.querySelector(".main-svg"));
  do await new Promise((resolve) => setTimeout(resolve, 400));
  while (waits() && performance.now() < late);
}

// What stands in the notebook, without anything that must be running: drawings that move become pictures of this moment.
function pageOf({ widgets }, title) {
  const cells = widgets.map(({ node, model }) => {
    const shown = model.type === "markdown" ? ".jp-RenderedMarkdown" : ".jp-InputArea-editor .cm-content, .jp-OutputArea-output";
    return [...node.querySelectorAll(shown)].map(still).join("");
  });
  // JupyterLab prints outputs as cells of a table, in which panels have no width; a browser shrinks a page to its paper.
  const wide = Math.max(1000, ...[...document.querySelectorAll(".jp-Notebook .main-svg")].map(({ clientWidth }) => clientWidth));
  const look = `@page { margin: 14mm } body { width: ${wide}px; margin: 24px auto; overflow: visible; background: #fff }
    .pmtech-still > * { display: block !important; max-height: none; break-inside: avoid } .pmtech-still > .cm-content { font-family: monospace; white-space: pre-wrap } ${NO_USE}`;
  const body = make("body", { class: "pmtech-lesson", "data-jp-theme-light": "true", "data-jp-theme-name": document.body.dataset.jpThemeName });
  body.innerHTML = cells.map((html) => `<div class="pmtech-still">${html}</div>`).join("");
  const [name, css] = [make("title", {}, title), make("style", {}, rulesOf(/^/), look)];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">${name.outerHTML}${css.outerHTML}</head>${body.outerHTML}</html>`;
}

const NO_USE = ".pmtech-actions, .pmtech-bar, .pmtech button:not(.pmtech-option) { display: none !important }";
// The sentence of a panel that is asleep is for a notebook that can be run, not for a page that was made of it.
const KEPT_LOOK = `.pmtech:has(> .pmtech-kept) > .pmtech-asleep { display: none } .jp-NotebookPanel .pmtech > .pmtech-asleep { display: block !important }
  ${NO_USE.replaceAll(".pmtech", ".pmtech-kept .pmtech").replace(".pmtech-kept .pmtech button", ".pmtech-kept button")}`;

// The rules of all style sheets of the page that have this in them, each once.
function rulesOf(wanted) {
  const rules = [...document.styleSheets].flatMap((sheet) => {
    try {
      return [...sheet.cssRules].map(({ cssText }) => cssText);
    } catch {
      return []; // of another site
    }
  });
  return [...new Set(rules)].filter((text) => wanted.test(text)).join("\n");
}

function still(node) {
  const copy = node.cloneNode(true);
  const [canvases, fields] = ["canvas", "input, select"].map((kind) => [...node.querySelectorAll(kind)]);
  copy.querySelectorAll("input, select").forEach((one, n) => {
    if (one.type === "radio" || one.type === "checkbox") one.toggleAttribute("checked", fields[n].checked);
    else if (one.options) [...one.options].forEach((option, at) => option.toggleAttribute("selected", at === fields[n].selectedIndex));
    else one.setAttribute("value", fields[n].value);
  });
  copy.querySelectorAll("canvas").forEach((one, n) => {
    const picture = make("img", { alt: "", class: one.className });
    if (canvases[n].width && canvases[n].height) picture.src = canvases[n].toDataURL();
    picture.style.cssText = "position: absolute; inset: 0; width: 100%; height: 100%";
    one.replaceWith(picture);
  });
  copy.querySelectorAll("script, textarea").forEach((one) => one.remove());
  return copy.outerHTML;
}
window.pmtechStill = still; // for a panel that leaves the page

// ---- what is told by looks alone ---------------------------------------------------------------------------------------

// The minutes of a heading stand back, a folded cell is its words without the sign of a comment; what folds a section,
// and what holds code, has a name.
function dress({ node }) {
  node.querySelector(".jp-collapseHeadingButton")?.setAttribute("aria-label", "Fold or open this section");
  node.querySelector(".cm-content")?.setAttribute("aria-label", "Code");
  for (const heading of node.querySelectorAll(".jp-RenderedMarkdown h2:not([data-dressed])")) {
    heading.dataset.dressed = "";
    const text = [...heading.childNodes].find((one) => one.nodeType === Node.TEXT_NODE && / · \d+ min/.test(one.data));
    if (!text) continue;
    const minutes = text.splitText(text.data.search(/ · \d+ min/));
    minutes.replaceWith(make("span", { class: "pmtech-minutes" }, minutes.data));
  }
  for (const folded of node.querySelectorAll(".jp-PlaceholderText")) {
    if (folded.textContent.startsWith("# ")) folded.textContent = folded.textContent.slice(2);
  }
}

// What is wider than a page that is magnified scrolls without a mouse, too: JupyterLab's shortcuts would take the arrow keys away.
const SCROLLERS = ".jp-OutputArea :is(.pmtech, .pmtech-scrolls, .pmtech-diagram, .pmtech-picture, :has(> table)), .jp-RenderedHTML";
function reach(el) {
  if (el.scrollWidth <= el.clientWidth + 1 || !/auto|scroll/.test(getComputedStyle(el).overflowX)) return;
  el.tabIndex = 0;
  el.setAttribute("data-lm-suppress-shortcuts", "true");
}

// Behind a frame: what is measured there has been laid out.
const painted = (look) => requestAnimationFrame(() => setTimeout(look));

// A page that JupyterLab makes of a lesson has the charts of all its panels, in sight or not.
function exportWhole({ commands, shell }) {
  const { execute } = commands;
  commands.execute = async function (id, ...how) {
    const rail = id === "notebook:export-to-format" && [...rails].find(({ panel }) => panel === shell.currentWidget);
    if (rail) await rail.whole(() => rail.panel.context.save());
    return execute.call(this, id, ...how);
  };
}

export function beside(app) {
  exportWhole(app);
  const known = new WeakSet();
  const meet = async (panel) => {
    if (!panel?.context || !panel.content?.widgets || known.has(panel)) return;
    known.add(panel);
    await panel.context.ready;
    if (isLesson(panel)) new Rail(app, panel);
    arrange(app);
  };
  const all = () => [...app.shell.widgets("main")].forEach(meet);
  app.shell.layoutModified?.connect(all);
  app.shell.currentChanged?.connect(all);
  app.restored.then(() => (arrange(app), all()));
}
