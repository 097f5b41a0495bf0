// How a lesson behaves in JupyterLab. An extension as JupyterLab loads it (a module federation container), written by
// hand: it needs no build, and `pmtech lab` shows JupyterLab the way to it. How a lesson looks is in rail.js and lesson.css.
(() => {
  // Not in a folder `static`: what lies there a browser keeps for a year, and would show it beside a newer edition.
  const here = (file) => new URL(file, document.currentScript.src).href;
  const [RAIL, LOOK] = [here("rail.js"), here("lesson.css")];
  const EDGE = 8; // pixels between what is brought into view and the edge
  const WORDS = 0.45; // of the screen, at most, for the words above an output
  const QUIET_MS = 1500; // so long after a run its output may still grow and be followed
  const HANDS = ["wheel", "pointerdown", "touchmove", "keydown"]; // whoever moves on is not moved back

  // The file browser is folded when somebody comes for the first time; later it is as it was left.
  const foldFileBrowser = async ({ restored, shell }) => {
    await restored;
    if ((await shell.restored)?.fresh) shell.collapseLeft();
  };

  // JupyterLab goes on to the next cell, and makes one where there is none. Who goes on from a text has not read it yet.
  const stopAtTheEnd = (actions) => {
    const { run, runAndAdvance } = actions;
    actions.runAndAdvance = async (notebook, ...how) => {
      const { activeCellIndex: from, widgets } = notebook;
      if (from === widgets.length - 1) return run(notebook, ...how);
      const ran = await runAndAdvance(notebook, ...how);
      if (widgets[from].model.type === "markdown") requestAnimationFrame(() => requestAnimationFrame(() => keepText(notebook, from)));
      return ran;
    };
  };

  // A text stays in sight with the cell that it leads to, from its beginning, as far as there is room for both.
  const keepText = ({ activeCellIndex, outerNode, widgets }, from) => {
    if (activeCellIndex !== from + 1) return;
    const [outer, text, next] = [outerNode, widgets[from].node, widgets[from + 1].node].map((node) => node.getBoundingClientRect());
    outerNode.scrollTop += Math.min(0, Math.max(text.top - outer.top - EDGE, next.bottom - outer.bottom + EDGE));
  };

  // A stray m, r or 1 makes no text of a lesson's code (and of a text, which cannot be changed, no dialog), and no merging
  // takes a cell of it away.
  const keepCells = (actions) => {
    const { changeCellType, mergeCells } = actions;
    const isKept = (...cells) => cells.some((cell) => cell?.model.getMetadata("deletable") === false);
    actions.changeCellType = (notebook, ...how) => isKept(...notebook.selectedCells) || changeCellType(notebook, ...how);
    actions.mergeCells = (notebook, above = false, ...how) =>
      isKept(...notebook.selectedCells, notebook.widgets[notebook.activeCellIndex + (above ? -1 : 1)]) ||
      mergeCells(notebook, above, ...how);
  };

  // ---- what a cell opens is in view --------------------------------------------------------

  const byHand = (notebook, act) => {
    const all = { capture: true, passive: true };
    for (const kind of HANDS) notebook.node.addEventListener(kind, act, all);
    return () => HANDS.forEach((kind) => notebook.node.removeEventListener(kind, act, all));
  };

  // The whole output, with as much of the text above it as there is room for; of a higher one its top, below the last words
  // before it. Questions (a list) go before an output's end: who looks for an answer has them above it.
  const bringIntoView = (notebook, cell) => {
    const outer = notebook.outerNode.getBoundingClientRect();
    const { top, bottom, height } = cell.outputArea.node.getBoundingClientRect();
    if (!height) return;
    const asked = wordsBefore(notebook, cell);
    const [above, below] = [top - outer.top - EDGE, bottom - outer.bottom + EDGE];
    const words = asked ? asked.getBoundingClientRect().top - outer.top - EDGE : above;
    const isShort = above - words < WORDS * outer.height;
    const first = isShort && (asked?.matches("ol, ul") || above < below) ? words : above;
    notebook.outerNode.scrollTop += first < 0 ? first : Math.max(0, Math.min(first, below));
  };

  // The end of the text that stands right above a cell.
  const wordsBefore = ({ widgets }, cell) => widgets[widgets.indexOf(cell) - 1]?.node.querySelector(".jp-RenderedMarkdown > :last-child");

  // From now on the cell that is run stays where it is on the screen, and what it opens is brought into view.
  // Meanwhile the browser must not hold on to the next cell, which pushes the output out at the top.
  const follow = (notebook, cell) => {
    const { outerNode } = notebook;
    const place = () => cell.node.getBoundingClientRect().top;
    const before = place();
    const seen = new ResizeObserver(() => {
      if (cell.isDisposed) return end(); // the lesson was closed meanwhile
      if (!cell.outputArea.node.clientHeight) return;
      outerNode.scrollTop += place() - before;
      bringIntoView(notebook, cell);
    });
    outerNode.style.overflowAnchor = "none";
    seen.observe(cell.outputArea.node);
    const end = () => {
      seen.disconnect();
      letGo();
      outerNode.style.overflowAnchor = "";
    };
    const letGo = byHand(notebook, end);
    return end;
  };

  const toTheTop = (notebook) => {
    notebook.activeCellIndex = 0;
    if (notebook.node.contains(document.activeElement)) notebook.activate();
    requestAnimationFrame(() => (notebook.outerNode.scrollTop = 0));
  };

  // Cells that wait or run at the same time in one notebook.
  class Runs {
    #waiting = new Set();
    #all = [];
    #failed = null;
    #follows = () => {};
    #letGo = () => {};

    constructor(notebook) {
      this.notebook = notebook;
    }

    scheduled(cell) {
      if (!this.#waiting.size) this.#begin();
      this.#waiting.add(cell);
      this.#all.push(cell);
      this.#follows();
      this.#follows = follow(this.notebook, cell);
    }

    #begin() {
      [this.#all, this.#failed, this.moved] = [[], null, false];
      this.#letGo();
      this.#letGo = byHand(this.notebook, () => (this.moved = true));
    }

    executed(cell, success) {
      if (!this.#waiting.delete(cell)) return;
      if (!success) this.#failed ??= cell;
      if (this.#waiting.size) return;
      this.#letGo();
      const follows = this.#follows;
      setTimeout(follows, QUIET_MS);
      if (!this.#isWhole()) return;
      follows();
      if (this.moved) return;
      if (this.#failed) bringIntoView(this.notebook, this.#failed);
      else toTheTop(this.notebook);
    }

    // Has the notebook been run from its first cell to its last?
    #isWhole() {
      const codes = this.notebook.widgets.filter((cell) => cell.model.type === "code");
      return codes.length > 1 && codes.every((cell) => this.#all.includes(cell) || !cell.model.sharedModel.getSource().trim());
    }
  }

  const watchRuns = (actions) => {
    const runs = new WeakMap();
    const of = (notebook) => runs.get(notebook) ?? runs.set(notebook, new Runs(notebook)).get(notebook);
    actions.executionScheduled.connect((_, { notebook, cell }) => of(notebook).scheduled(cell));
    actions.executed.connect((_, { notebook, cell, success }) => of(notebook).executed(cell, success));
  };

  // ---- the extension -----------------------------------------------------------------------

  let shared;
  const activate = async (app) => {
    const [{ get }] = Object.values(shared["@jupyterlab/notebook"]);
    const { NotebookActions } = (await get())();
    stopAtTheEnd(NotebookActions);
    keepCells(NotebookActions);
    watchRuns(NotebookActions);
    foldFileBrowser(app);
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: LOOK }));
    (await import(RAIL)).beside(app);
  };
  const extension = { id: "pmtech:lesson", description: "How a lesson behaves.", autoStart: true, activate };
  (window._JUPYTERLAB ??= {}).pmtech = {
    init: (scope) => void (shared = scope),
    get: async () => () => ({ __esModule: true, default: extension }),
  };
})();
