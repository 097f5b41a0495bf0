// What a hand does goes to the kernel as a message ("do" with its arguments); the answer is the whole state, drawn anew.
// The drawing answers at once; the run follows when the hand rests.
const REST_MS = 250;
const SAME = ["run", "select", "watch", "leave", "save", "brief", "replay"]; // what leaves the system as it is

function render({ model, el }) {
  const { kinds, presets, places, troubles } = model.get("about");
  let answer = model.get("answer");
  let number = answer.number;
  let waiting = null; // the last wish of a slider, while an earlier one is on its way
  let busy = false;
  let rest = 0;
  let tab = answer.boxes.length ? "setup" : "add";
  let where = "after";
  const WHERE = { after: "after", before: "before", beside: "beside", also: "also asked by" };
  let file = "my-system.json";
  let stage = ""; // of which panel the run is played in the drawing's place
  const mine = `sk-${Math.random().toString(36).slice(2)}`; // ids of this view: several sketches may stand on a page

  const send = (done, ...more) => {
    number += 1;
    busy = true;
    model.send({ do: done, with: more, number });
    clearTimeout(rest);
    if (!SAME.includes(done)) rest = setTimeout(() => (busy ? run() : send("run")), REST_MS);
  };
  const run = () => (rest = setTimeout(() => (busy ? run() : send("run")), 50));
  const put = (path, value) => (busy ? (waiting = [path, value]) : send("put", path, value));
  const button = (label, act, more = {}) => h("button", { type: "button", onclick: act, ...more }, label);

  // ---- the head: where from, back and forth ----
  const status = h("p", { class: "sk-status", role: "status" });
  const begin = (what) => {
    if (what !== "file" && what !== "log") return send("start", what === "empty" ? null : what), (tab = what === "empty" ? "add" : "setup");
    tab = "keep"; // where a file is named
    drawTabs();
    drawSide();
    side.querySelector(`[id="${mine}-${what}"]`).focus();
  };
  const from = h(
    "select",
    { "aria-label": "Start from", onchange: () => from.value && (begin(from.value), (from.value = "")) },
    h("option", { value: "" }, "Start from …"),
    h("option", { value: "empty" }, "An empty page"),
    h("option", { value: "file" }, "A file that was saved …"),
    h("option", { value: "log" }, "An access log …"),
    ...presets.map(({ id, label, shows }) => h("option", { value: id, title: shows }, `${label}: ${shows}`)),
  );
  const undo = button("Undo", () => send("undo"));
  const redo = button("Redo", () => send("redo"));
  const watch = button("", () => send(answer.stage ? "leave" : "watch"));
  const head = h("div", { class: "sk-head" }, from, undo, redo, watch);

  // ---- the drawing: boxes that can be chosen lie over the picture ----
  const sheet = h("div", { class: "sk-sheet" });
  const picture = h("div", { class: "sk-picture", "aria-hidden": "true" });
  const frame = h("div", { class: "sk-frame" }, sheet);
  const drawStage = () => {
    if (answer.stage === stage) return;
    stage = answer.stage;
    frame.classList.toggle("sk-stage", Boolean(stage));
    frame.replaceChildren(stage ? h("div", { class: `pmtech mathjax_ignore ${stage}` }) : sheet);
  };
  const drawPicture = () => {
    if (!answer.boxes.length) {
      sheet.removeAttribute("style");
      sheet.replaceChildren(h("p", { class: "sk-empty" }, "An empty page. Who sends requests? Choose Clients below, or start from something known."));
      return;
    }
    const [wide, tall] = answer.size;
    sheet.style.cssText = `width: ${wide}px; max-width: max(100%, ${Math.ceil(wide * 0.86)}px)`;
    redraw(picture, answer.picture);
    const boxes = answer.boxes.map((box) => {
      const chosen = box.parts.includes(answer.selected);
      const next = chosen ? box.parts[(box.parts.indexOf(answer.selected) + 1) % box.parts.length] : box.parts[0];
      const place = { left: box.x / wide, top: box.y / tall, width: box.width / wide, height: box.height / tall };
      const one = button("", () => send("select", next), {
        class: "sk-box",
        "aria-pressed": String(chosen),
        "aria-label": [box.label, box.said].filter(Boolean).join(": "),
        "data-lacks": box.lacks,
        "data-label": [box.label, box.said].filter(Boolean).join(": "),
        title: box.parts.length > 1 ? "Choose again for the next of them" : null,
        "data-part": box.parts[0],
        "data-parts": box.parts.join(" "),
        style: Object.entries(place).map(([side, share]) => `${side}: ${(100 * share).toFixed(3)}%`).join("; "),
      });
      one.addEventListener("keydown", (event) => {
        if (event.key === "Delete" || event.key === "Backspace") {
          event.preventDefault();
          send("take out");
        }
      });
      return one;
    });
    const focused = sheet.contains(document.activeElement) && document.activeElement.dataset.part;
    if (picture.parentNode !== sheet) sheet.replaceChildren(picture);
    sheet.querySelectorAll(".sk-box").forEach((one) => one.remove());
    sheet.append(...boxes);
    const chosen = boxes.find((one) => one.getAttribute("aria-pressed") === "true");
    if (chosen) {
      const beyond = (start, size, from, room) => (start < from ? start - 8 : start + size > from + room ? start + size - room + 8 : from);
      frame.scrollTo(beyond(chosen.offsetLeft, chosen.offsetWidth, frame.scrollLeft, frame.clientWidth), beyond(chosen.offsetTop, chosen.offsetHeight, frame.scrollTop, frame.clientHeight));
    }
    if (focused) (boxes.find((one) => one.dataset.part === focused) ?? chosen)?.focus({ preventScroll: true });
  };

  // ---- the left side: what can be done with the chosen part ----
  const TABS = { setup: "Set up", add: "Add a part", arrows: "Arrows", trouble: "Break it", keep: "Keep" };
  const tabs = h("div", { class: "sk-tabs", role: "tablist", "aria-label": "What to do" });
  const side = h("div", { class: "sk-side", role: "tabpanel", "aria-label": "What can be done" });
  const drawTabs = () => {
    const keys = Object.keys(TABS);
    const open = (key) => ((tab = key), drawTabs(), tabs.querySelector("[aria-selected=true]").focus(), drawSide());
    const focused = [...tabs.children].indexOf(document.activeElement);
    tabs.replaceChildren(
      ...keys.map((key, n) =>
        button(TABS[key], () => open(key), {
          role: "tab",
          "aria-selected": String(key === tab),
          tabindex: key === tab ? 0 : -1,
          onkeydown: (event) => {
            const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
            if (step) open(keys[(n + step + keys.length) % keys.length]);
          },
        }),
      ),
    );
    if (focused >= 0) tabs.children[focused].focus();
  };

  let sideKey = "";
  let sideOf = "";
  let rows = [];
  const drawSide = () => {
    const on = {
      setup: () => answer.form.map(({ path, as, value }) => [path, as, as === "number" ? value === null : 0]),
      add: () => [where, answer.can, !answer.boxes.length],
      arrows: () => [answer.arrows, answer.others],
      trouble: () => [answer.can, answer.troubles],
      keep: () => answer.code,
    }[tab];
    const key = JSON.stringify([tab, answer.selected, answer.label, on()]);
    if (key === sideKey) return tab === "setup" && rows.forEach((row, n) => row.show(answer.form[n])); // a list may be open in it
    sideKey = key;
    const draw = { setup, add, arrows, trouble, keep }[tab];
    const [within, focused] = [side.contains(document.activeElement), document.activeElement.id];
    side.replaceChildren(...draw());
    const of = `${tab} ${answer.selected}`;
    if (of !== sideOf) side.scrollTop = 0; // another part is read from its beginning
    sideOf = of;
    if (within) ((focused && side.querySelector(`[id="${focused}"]:enabled`)) || tabs.querySelector("[aria-selected=true]")).focus();
  };
  const title = () => h("h3", {}, answer.selected ? answer.label : "No part is chosen", answer.kind && answer.kind !== answer.label ? h("small", {}, ` ${answer.kind}`) : "");
  const nothing = (text) => h("p", { class: "pmtech-quiet" }, text);

  const setup = () => {
    rows = [];
    if (!answer.selected) return [title(), nothing("Choose a box of the drawing to set it up.")];
    const id = `${mine}-name`;
    const name = h("input", { type: "text", id, value: answer.name, placeholder: answer.label, onchange: () => send("rename", name.value) });
    rows = answer.form.map(field);
    return [
      title(),
      h("div", { class: "pmtech-control" }, h("label", { for: id }, "Name"), name),
      ...rows.map(({ row }) => row),
      answer.question ? h("p", { class: "pmtech-quiet" }, `To settle with engineering: ${answer.question}`) : "",
      h("div", { class: "sk-buttons" }, button("One more like it", () => send("more")), button("Take it out", () => send("take out"))),
    ];
  };

  const field = (one) => {
    const id = `${mine}-${one.path.slice(one.path.indexOf(".") + 1)}`; // the same when the part is called otherwise
    const label = h("label", { for: id }, one.label);
    const hint = h("small", {}, one.means, one.ask ? ` Ask engineering: ${one.ask}.` : "");
    const wrap = (...inside) => h("div", { class: "pmtech-control sk-field" }, ...inside, hint);
    if (one.as === "choice" || one.as === "place") {
      const options = one.as === "place" ? ["", ...places].map((city) => h("option", { value: city }, city || "none")) : one.options.map((text, value) => h("option", { value }, text));
      const select = h("select", { id, onchange: () => send("put", one.path, one.as === "place" ? select.value : Number(select.value)) }, ...options);
      select.value = one.value;
      return { row: wrap(label, select), show: ({ value }) => (select.value = value) };
    }
    if (one.as === "switch") {
      const box = h("input", { type: "checkbox", id, onchange: () => send("put", one.path, box.checked) });
      box.checked = one.value;
      return { row: h("div", { class: "pmtech-control sk-field" }, h("span", { class: "sk-line" }, box, label), hint), show: ({ value }) => (box.checked = value) };
    }
    if (one.as === "text") {
      const line = h("input", { type: "text", id, value: one.value, onchange: () => send("put", one.path, line.value) });
      return { row: wrap(label, line), show: ({ value }) => document.activeElement !== line && (line.value = value) };
    }
    const none = one.value === null;
    const times = one.unit === "%" ? 100 : 1;
    const round = (value) => Number((value * times).toFixed(6));
    const typed = h("input", { type: "number", id, step: "any", value: none ? "" : round(one.value), disabled: none, onchange: () => typed.value !== "" && (slide(Number(typed.value) / times), send("put", one.path, Number(typed.value) / times)) });
    const slide = (value) => ((range.max = Math.max(range.max, value)), (range.value = value)); // also where the Tab key has gone on to it
    const range = h("input", { type: "range", min: one.low, max: one.high, step: one.step, "aria-label": `${one.label}: slider`, disabled: none, oninput: () => ((typed.value = round(Number(range.value))), put(one.path, Number(range.value))) });
    range.value = none ? one.low : one.value;
    const optional = h("input", { type: "checkbox", "aria-label": `${one.label}: none`, onchange: () => send("put", one.path, optional.checked ? null : one.start) });
    optional.checked = none;
    const line = h("div", { class: "sk-line" }, label, h("span", { class: "sk-value" }, one.optional ? h("label", { class: "sk-none" }, optional, "none") : "", typed, h("span", {}, one.unit)));
    const show = ({ value, high }) => {
      if (value === null) return;
      if (value > Number(range.max) || answer.problem) range.max = high;
      if (document.activeElement !== range || answer.problem) range.value = value;
      if (document.activeElement !== typed) typed.value = round(value);
    };
    return { row: wrap(line, range), show };
  };

  const add = () => {
    const empty = !answer.boxes.length;
    const steps = Object.keys(WHERE).filter((place) => place !== "also" || answer.can.also?.length);
    if (empty || !steps.includes(where)) where = "after";
    const there = `${WHERE[where]} ${answer.label ?? "it"}`;
    const can = new Set(empty ? kinds.map(({ kind }) => kind) : answer.can[where] ?? []);
    const choose = steps.map((place) => {
      const id = `${mine}-where-${place}`;
      const radio = h("input", { type: "radio", name: `${mine}-where`, id, onchange: () => ((where = place), drawSide()) });
      radio.checked = place === where;
      return h("label", { for: id }, radio, WHERE[place]);
    });
    const icon = (d) => {
      const span = h("span", { class: "sk-icon", "aria-hidden": "true" });
      span.innerHTML = `<svg viewBox="0 0 20 20"><path d="${d}"/></svg>`;
      return span;
    };
    const what = nothing(can.size ? "Point at a part to read what it is for." : `Nothing can stand ${there}. Try another place, or choose another box.`);
    const palette = kinds.map(({ kind, label, is }) => {
      const no = can.has(kind) ? "" : ` It can't stand ${there}.`;
      const tell = () => write(what, `${label}: ${is}${no}`);
      const title = no ? `${is}${no}` : null;
      return button("", () => (send("add", kind, where), (where = "after")), { class: "sk-kind", id: `${mine}-kind-${kind}`, "data-kind": kind, "aria-disabled": no ? "true" : null, "aria-description": `${is}${no}`, title, onmouseenter: tell, onfocus: tell }); // who chooses it all the same hears why not
    });
    palette.forEach((one, n) => one.append(icon(kinds[n].icon), kinds[n].label));
    return [
      empty ? h("h3", {}, "The first part") : h("h3", {}, "Add a part"),
      empty || !answer.selected ? "" : h("div", { class: "sk-where", role: "radiogroup", "aria-label": "Where" }, ...choose, h("strong", {}, answer.label)),
      empty || answer.selected ? "" : nothing("Choose a box of the drawing first."),
      h("div", { class: "sk-what" }, what),
      h("div", { class: "sk-palette" }, ...palette),
    ];
  };

  const arrows = () => {
    if (!answer.selected) return [title(), nothing("Choose a box of the drawing first.")];
    const there = answer.arrows.map(({ head, label, routes }) => {
      const line = h("input", { type: "text", value: routes.join(", "), "aria-label": `What goes to ${label}`, onchange: () => send("reroute", head, line.value) });
      return h("li", {}, h("span", {}, `to ${label}`), routes.length ? line : "", button("Take away", () => send("part ways", head), { "aria-label": `Take away the arrow to ${label}` }));
    });
    const to = h("select", { "aria-label": "To which part", onchange: () => to.value && send("lead", to.value) }, h("option", { value: "" }, "One more arrow to …"), ...answer.others.map(({ name, label }) => h("option", { value: name }, label)));
    return [
      title(),
      there.length ? h("ul", { class: "sk-arrows" }, ...there) : nothing("No arrow leaves this part."),
      answer.others.length ? to : nothing("One more arrow can't lead anywhere from here. To send to several, put one of these after it: Gather asks all of them and waits, Topic gives each a copy, Gateway chooses by address, Load balancer chooses one."),
    ];
  };

  const trouble = () => {
    const on = (what, name) => answer.troubles.some((one) => one.what === what && one.name === name);
    const list = (whole) =>
      troubles
        .filter((one) => one.whole === whole && (whole || answer.can.trouble.includes(one.id)))
        .map(({ id, label }) => button(label, () => send("break", id), { "aria-pressed": String(on(id, whole ? null : answer.selected)) }));
    return [
      title(),
      answer.selected ? h("div", { class: "sk-buttons" }, ...list(false)) : nothing("Choose a box of the drawing to break it."),
      answer.selected && !answer.can.trouble.length ? nothing("Nothing of this kind can happen to it: choose another box.") : "",
      h("h3", {}, "All of it"),
      h("div", { class: "sk-buttons" }, ...list(true)),
      nothing("It happens in the second third of the run. Once more takes it back."),
    ];
  };

  const keep = () => {
    const path = h("input", { type: "text", id: `${mine}-file`, value: file, "aria-label": "File", oninput: () => (file = path.value) });
    const log = h("input", { type: "text", id: `${mine}-log`, placeholder: "access.log", "aria-label": "Access log" });
    const save = (name, href) => h("a", { download: name, href }).click();
    const picture = (kind) => {
      const svg = sheet.querySelector(".sk-picture svg").cloneNode(true);
      const style = document.createElementNS(svg.namespaceURI, "style");
      style.textContent = sheet.querySelector("style").textContent;
      svg.prepend(style);
      svg.setAttribute("class", "pmtech-diagram"); // colours and sizes are told to what stands around it
      svg.style.cssText = `${sheet.querySelector(".pmtech-diagram").style.cssText}; padding: 0`;
      const [wide, tall] = answer.size;
      for (const [side, size] of [["width", wide], ["height", tall]]) svg.setAttribute(side, size);
      const drawn = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
      if (kind === "svg") return save("system.svg", drawn);
      const image = new Image();
      image.onload = () => {
        const canvas = h("canvas", { width: 2 * wide, height: 2 * tall }); // sharp on slides, too
        const brush = canvas.getContext("2d");
        brush.fillStyle = "white";
        brush.fillRect(0, 0, canvas.width, canvas.height);
        brush.drawImage(image, 0, 0, canvas.width, canvas.height);
        save("system.png", canvas.toDataURL("image/png"));
      };
      image.src = drawn;
    };
    const code = h("textarea", { rows: 6, readonly: true, "aria-label": "The lines of Python that make it" });
    code.value = answer.code;
    const copied = button("Copy as code", async () => {
      await navigator.clipboard?.writeText(`from pmtech import *\n\n${answer.code}`);
      copied.textContent = "Copied";
    });
    return [
      h("h3", {}, "Keep it"),
      h("div", { class: "sk-line" }, path, button("Save", () => send("save", path.value)), button("Open", () => (send("open", path.value), (tab = "setup")))),
      h("div", { class: "sk-buttons" }, button("A page for colleagues", () => send("brief")), button("A replay to send", () => send("replay")), button("Picture (PNG)", () => picture("png")), button("Picture (SVG)", () => picture("svg"))),
      h("h3", {}, "Begin with an access log"),
      h("div", { class: "sk-line" }, log, button("Read", () => send("log", log.value))),
      h("h3", {}, "As a cell"),
      code,
      h("div", { class: "sk-buttons" }, copied),
    ];
  };

  // ---- the right side: what comes out ----
  const cards = h("div", { class: "pmtech-cards" });
  const chips = h("div", { class: "sk-chips" });
  const problem = h("p", { class: "pmtech-error", role: "alert" });
  const sentences = h("p", { class: "pmtech-sentences", "aria-live": "polite" });
  const caption = h("p", { class: "pmtech-quiet" });
  const compare = button("", () => send("keep"));
  const outcome = h("div", { class: "sk-outcome" }, status, caption, cards, chips, problem, sentences, h("div", { class: "sk-buttons" }, compare));
  const drawOutcome = () => {
    const card = ({ name, hint, value, pinned }) => h("p", { title: hint }, h("span", {}, name), h("strong", {}, value), pinned ? h("small", {}, `before: ${pinned}`) : "");
    cards.replaceChildren(...answer.cards.map(card));
    for (const box of sheet.querySelectorAll(".sk-box")) {
      const { parts, lacks, label } = box.dataset;
      const mark = lacks || (parts.split(" ").includes(answer.busiest) ? "busiest" : "");
      if (mark === (box.dataset.mark ?? "")) continue;
      box.dataset.mark = mark;
      box.setAttribute("aria-label", [label, mark === "busiest" ? "the busiest part" : mark].filter(Boolean).join("; "));
    }
    chips.replaceChildren(...answer.troubles.map(({ what, name, said }) => button(`${said} ✕`, () => send("break", what, name), { title: "Take it back" })));
    write(problem, answer.problem ?? answer.error ?? "");
    problem.hidden = !problem.textContent;
    write(sentences, answer.sentences);
    write(caption, answer.caption);
    write(compare, answer.kept ? "Compare no more" : "Compare with this from now on");
    compare.hidden = !answer.cards.length && !answer.kept;
    write(watch, answer.stage ? "Back to the drawing" : "Watch the run");
    watch.hidden = !answer.cards.length;
  };

  let behind = false; // is the drawing older than the answer?
  let pressed = 0; // a button that is replaced under the finger is never clicked
  const paint = () => {
    answer = model.get("answer");
    behind ||= !answer.ran;
    if (answer.number < number || pressed) return;
    number = answer.number; // of whichever view asked last
    busy = false;
    if (waiting) {
      const [path, value] = waiting;
      waiting = null;
      send("put", path, value);
    }
    undo.disabled = !answer.undo;
    redo.disabled = !answer.redo;
    write(status, answer.said);
    if (behind) drawPicture(), drawTabs(), drawSide();
    behind = false;
    drawStage();
    drawOutcome();
  };
  const root = h("div", { class: "sk", role: "group", "aria-label": "Sketch" }, head, frame, h("div", { class: "sk-below" }, h("div", {}, tabs, side), outcome));
  root.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !/^(text|number)$/.test(event.target.type)) {
      event.preventDefault();
      event.stopPropagation();
      send(event.shiftKey ? "redo" : "undo");
    }
    if (event.key === "Enter" && /^(text|number)$/.test(event.target.type)) {
      event.target.blur(); // outside of a form, Enter changes nothing by itself
      event.target.focus();
    }
  });
  const release = () => pressed && (clearTimeout(pressed), (pressed = 0), paint());
  const press = (event) => event.target.closest("button, label, a") && (clearTimeout(pressed), (pressed = setTimeout(release, 1000)));
  const lift = () => setTimeout(release); // once it has been clicked
  root.addEventListener("pointerdown", press);
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, lift);
  model.on("change:answer", paint);
  el.append(root);
  behind = true;
  paint();
  return () => {
    clearTimeout(rest);
    clearTimeout(pressed);
    for (const end of ["pointerup", "pointercancel"]) window.removeEventListener(end, lift);
  };
}
