// A lesson for a projector: code folded, one section at a time, large type. Written by hand, as lesson.js is: no build.
(() => {
  const LOOK = `
    .pmtech-present.jp-NotebookPanel { --jp-content-font-size1: clamp(22px, 1.6vw, 40px); --jp-code-font-size: 18px; }
    .pmtech-present.jp-NotebookPanel .jp-Notebook .jp-Cell { max-width: max(1200px, 80vw); margin-inline: auto; }
    .pmtech-present.jp-NotebookPanel .jp-Notebook :is(.jp-Cell, .jp-MarkdownOutput) { border-color: transparent; box-shadow: none; outline: none; background: none; }
    .pmtech-present.jp-NotebookPanel :is(.jp-Collapser, .jp-collapseHeadingButton, .jp-InputPrompt) { visibility: hidden; }
    .pmtech-present.jp-NotebookPanel .jp-MarkdownOutput > :is(p, ul, ol, details) { max-width: max(1080px, 72vw); }
    .pmtech-present.jp-NotebookPanel .jp-MarkdownOutput h2 { margin-top: 8px; padding-top: 0; border-top: 0; }
    .pmtech-present.jp-NotebookPanel .jp-CodeCell:not(.jp-mod-active):has(.jp-OutputArea-child) .jp-InputPlaceholder { display: none; }
    .pmtech-present.jp-NotebookPanel .pmtech-unnamed .jp-PlaceholderText { font-size: 0; }
    .pmtech-present.jp-NotebookPanel .pmtech-unnamed .jp-PlaceholderText::before { font-size: 13px; }
    .pmtech-present .pmtech-rail { display: none; }
    .pmtech-present .pmtech-elsewhere { display: none; }
    .pmtech-sections { display: flex; gap: 16px; align-items: center; justify-content: center; padding: 6px; font-size: 18px;
      background: var(--jp-layout-color1); border-top: 1px solid var(--jp-border-color2); position: absolute; inset: auto 0 0 0; z-index: 20; }
    .pmtech-sections button { min-width: 44px; min-height: 36px; font: inherit; color: inherit; cursor: pointer;
      background: none; border: 1px solid var(--jp-border-color1); border-radius: 6px; }
    .pmtech-present.jp-NotebookPanel .jp-WindowedPanel-outer { width: 100% !important; margin-left: 0; padding-bottom: 64px; }`;

  const make = (tag, more, ...inside) => {
    const el = Object.assign(document.createElement(tag), more);
    el.append(...inside);
    return el;
  };
  const headingOf = ({ model }) => (model.type === "markdown" ? model.sharedModel.getSource().match(/^## (.*?)(?: · \d+ min)?$/m)?.[1] : null);

  // The sections of one notebook, of which one is on the page. PageUp and PageDown, which a presenter's clicker sends, turn them.
  class Sections {
    #at = 0;

    constructor(panel) {
      [this.panel, this.notebook] = [panel, panel.content];
      this.name = make("span", { role: "status" });
      const turn = (label, by, sign) => make("button", { type: "button", ariaLabel: label, onclick: () => this.turn(by) }, sign);
      this.el = make("nav", { className: "pmtech-sections", ariaLabel: "Sections" }, turn("Section before", -1, "‹"), this.name, turn("Next section", 1, "›"));
      panel.addClass("pmtech-present");
      panel.node.append(this.el);
      panel.node.addEventListener("keydown", (event) => this.#key(event), true);
      this.notebook.model.cells.changed.connect(() => this.show());
      for (const cell of this.notebook.widgets.filter(({ model }) => model.type === "code")) {
        cell.inputHidden = true;
        cell.toggleClass("pmtech-unnamed", !cell.model.sharedModel.getSource().startsWith("#")); // a line of code says nothing here
      }
      this.show();
    }

    #key(event) {
      const by = { PageUp: -1, PageDown: 1 }[event.key];
      if (!by || event.target.closest("input, select, textarea")) return;
      event.preventDefault();
      event.stopPropagation();
      this.turn(by);
    }

    // [heading, cells] in order; what stands before the first heading is the title.
    #all() {
      const sections = [["Title", []]];
      for (const cell of this.notebook.widgets) {
        const heading = headingOf(cell);
        if (heading) sections.push([heading, []]);
        sections.at(-1)[1].push(cell);
      }
      return sections;
    }

    turn(by) {
      const last = this.#all().length - 1;
      this.#at = Math.max(0, Math.min(last, this.#at + by));
      this.show();
      const first = this.notebook.widgets.indexOf(this.#all()[this.#at][1][0]);
      if (first >= 0) this.notebook.activeCellIndex = first;
      this.notebook.outerNode.scrollTop = 0;
    }

    show() {
      const sections = this.#all();
      sections.forEach(([, cells], n) => cells.forEach((cell) => cell.toggleClass("pmtech-elsewhere", n !== this.#at)));
      this.name.textContent = `${sections[this.#at][0]} · ${this.#at + 1} of ${sections.length}`;
    }
  }

  const activate = (app) => {
    document.head.append(make("style", {}, LOOK));
    const known = new WeakSet();
    const meet = async (panel) => {
      if (!panel?.context || !panel.content?.widgets || known.has(panel)) return;
      known.add(panel);
      await panel.context.ready;
      if (panel.content.widgets[0]?.model.getMetadata("deletable") === false) new Sections(panel);
    };
    const all = () => [...app.shell.widgets("main")].forEach(meet);
    app.shell.layoutModified?.connect(all);
    app.restored.then(() => (app.shell.collapseLeft(), all()));
  };
  const extension = { id: "pmtech-present:lesson", description: "A lesson for a projector.", autoStart: true, activate };
  (window._JUPYTERLAB ??= {})["pmtech-present"] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: extension }),
  };
})();
