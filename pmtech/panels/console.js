function render({ model, el }) {
  const examples = model.get("examples");
  const bodies = ["POST", "PUT", "PATCH"];
  let number = model.get("answer").number ?? 0;
  let pristine = true;

  // ---- what the learner writes ----
  const field = (label, control) => {
    control.id = newId();
    return h("div", { class: "pmtech-field" }, h("label", { for: control.id }, label), control);
  };
  const plain = { autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
  const example = h(
    "select",
    { onchange: () => example.value && fill(examples[example.value]) },
    h("option", { value: "" }, "choose one to fill the form"),
    ...examples.map(([name], index) => h("option", { value: index }, name)),
  );
  const method = h(
    "select",
    {
      onchange: () => {
        // A form nobody has edited follows the verb; one that was edited is the learner's.
        const first = examples.find(([, verb]) => verb === method.value);
        if (pristine && first) fill(first);
        example.value = "";
        enable();
      },
    },
    ...model.get("methods").map((name) => h("option", {}, name)),
  );
  const paths = [...new Set(examples.map(([, , path]) => path))];
  const list = h("datalist", { id: newId() }, ...paths.map((path) => h("option", { value: path })));
  const edited = () => {
    pristine = false;
    example.value = "";
  };
  // JupyterLab keeps Enter from submitting a form by itself.
  const onkeydown = (event) => event.key === "Enter" && (event.preventDefault(), submit.disabled || form.requestSubmit());
  const path = h("input", { type: "text", list: list.id, oninput: edited, onkeydown, ...plain });
  const headers = h("textarea", { rows: 2, oninput: edited, ...plain });
  const body = h("textarea", { rows: 4, oninput: edited, ...plain });
  const lose = h("input", { type: "checkbox", id: newId() });
  const submit = h("button", { type: "submit", class: "pmtech-primary" }, "Send");
  const fill = ([, verb, place, lines, text]) => {
    method.value = verb;
    path.value = place;
    headers.value = lines;
    body.value = text;
    pristine = true;
    enable();
  };
  const enable = () => (body.disabled = !bodies.includes(method.value));

  const form = h(
    "form",
    {
      class: "pmtech-request",
      onsubmit: (event) => {
        event.preventDefault();
        const text = body.disabled ? "" : body.value;
        number += 1;
        model.send({ do: "send", method: method.value, path: path.value, headers: headers.value, body: text, lose: lose.checked });
        submit.disabled = true;
        write(submit, "Sending");
        const sent = number;
        setTimeout(() => {
          if (submit.disabled && number === sent) tell(`The kernel behind this panel does not answer. ${BRING_BACK}`);
        }, 8000);
      },
    },
    field("Examples", example),
    h("div", { class: "pmtech-line" }, field("Method", method), field("Path", path)),
    list,
    field("Headers, one a line", headers),
    field("Body", body),
    h("div", { class: "pmtech-foot" }, h("label", { class: "pmtech-lose", for: lose.id }, lose, "The next answer gets lost on the way"), submit),
  );

  // ---- what came of it ----
  const status = h("strong", { class: "pmtech-status" });
  const took = h("span", { class: "pmtech-quiet" });
  const rows = h("p", { class: "pmtech-rows" });
  const problem = h("p", { class: "pmtech-error", role: "alert", hidden: true });
  const request = h("pre", { tabindex: 0, role: "region", "aria-label": "Request, as it was sent" });
  const response = h("pre", { tabindex: 0, role: "region", "aria-label": "Response, as it came" });
  const tables = h("div", { class: "pmtech-tables", tabindex: 0, role: "region", "aria-label": "Rows of the database" });
  const curl = h("code", {});
  const copied = h("span", { class: "pmtech-quiet", role: "status" });
  const copy = h(
    "button",
    {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(curl.textContent);
          write(copied, "copied");
        } catch {
          getSelection().selectAllChildren(curl);
          write(copied, "selected: press Ctrl+C or Cmd+C");
        }
      },
    },
    "Copy",
  );
  const outcome = h(
    "div",
    { class: "pmtech-outcome", hidden: true },
    h("div", { class: "pmtech-head", "aria-live": "polite" }, status, took),
    h("div", { class: "pmtech-wire" }, h("div", {}, h("h4", {}, "Request"), request), h("div", {}, h("h4", {}, "Response"), response)),
    h("div", { class: "pmtech-curl" }, h("span", { class: "pmtech-quiet" }, "For a terminal:"), curl, copy, copied),
  );
  const database = h("div", { class: "pmtech-database", hidden: true, "aria-live": "polite" }, rows, tables);
  const hint = h("p", { class: "pmtech-quiet" }, "Choose an example or write a request, then press Send.");
  el.append(h("div", { class: "pmtech-console", role: "group", "aria-label": "Request console" }, form, h("div", { class: "pmtech-right" }, hint, problem, outcome), database));

  const tell = (text) => {
    write(problem, text ?? "");
    problem.hidden = !text;
    submit.disabled = false;
    write(submit, "Send");
  };
  const tableOf = ({ name, columns, rows, more }) => {
    const head = h("tr", {}, h("th", { scope: "col" }, "row"), ...columns.map((column) => h("th", { scope: "col" }, column)));
    const lines = rows.map(({ mark, cells, changed }) =>
      h(
        "tr",
        { class: `pmtech-${mark}` },
        h("td", { class: "pmtech-mark" }, mark === "same" ? "" : mark),
        ...cells.map((text, i) => h("td", { class: changed[i] ? "pmtech-changed" : false, title: text }, text)),
      ),
    );
    const others = more ? ` (and ${more} more ${more === 1 ? "row" : "rows"})` : "";
    return h("table", {}, h("caption", {}, `In the database: ${name}${others}`), h("thead", {}, head), h("tbody", {}, ...lines));
  };
  // JSON without spaces may break after a comma, rather than within a word.
  const wire = (place, text) => place.replaceChildren(...text.split(/(?<=,)/).flatMap((part) => [part, h("wbr")]));
  const paint = () => {
    const answer = model.get("answer");
    if (!answer.number) return;
    number = answer.number;
    hint.hidden = true;
    const sent = "rows" in answer;
    // A request that went out and was not answered is an outcome; only one that was not sent is an error.
    const asked = submit.disabled;
    tell(sent ? null : answer.error);
    write(copied, "");
    outcome.hidden = database.hidden = !sent;
    if (!sent) return;
    lose.checked = false;
    write(status, answer.status);
    status.classList.toggle("pmtech-bad", !answer.good);
    write(took, `after ${answer.elapsed_ms.toLocaleString("en", { maximumFractionDigits: answer.elapsed_ms < 10 ? 1 : 0 })} ms`);
    wire(request, answer.request);
    wire(response, answer.response || answer.error);
    write(curl, answer.curl);
    write(rows, answer.rows);
    tables.replaceChildren(...answer.tables.map(tableOf));
    if (asked) (tables.querySelector(".pmtech-after, .pmtech-added, .pmtech-removed") ?? rows).scrollIntoView?.({ block: "nearest" });
  };
  model.on("change:answer", paint);
  fill(examples[0]);
  paint();
  return () => model.off("change:answer", paint);
}
