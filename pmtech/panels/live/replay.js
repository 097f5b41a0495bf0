// A finished run, played. All data are here: nothing is asked of the kernel.
function render({ model, el }) {
  const about = model.get("about");
  const { duration, marks } = about;
  const [, s] = clock(duration);
  const first = model.get("scene");
  let [at, speed, playing, until] = [0, 1, false, duration];
  let passed = 0; // so many marks

  const everyLabel = h("span", { class: "pmtech-every" });
  const stageEl = h("div", { class: "pmtech-stage", role: "img", "aria-label": first.said });
  const chartEl = h("div", { class: "pmtech-chart", role: "img", "aria-label": ["Chart over the whole run.", ...marks.map((mark) => told(mark, duration)), about.said].join(" ") });
  const id = newId();
  const range = h("input", { type: "range", id, min: 0, max: duration, step: "any", oninput: () => seek(Number(range.value)) });
  const root = h("div", { class: "pmtech-theatre", role: "group", "aria-label": "Theatre. Space plays and pauses, the arrow keys step." });

  const pause = (words) => {
    playing = false;
    bar.say(`${words} ${summary()}`);
    painting.wake();
  };
  const bar = transport(root, {
    speed: { get: () => speed, set: (value) => ((speed = value), painting.wake()) },
    backwards: true,
    play(on) {
      if (!on) return pause("Paused.");
      if (at >= duration) seek(0);
      [playing, until] = [true, duration];
      bar.say("Playing.");
      painting.wake();
    },
    step(direction) {
      if (direction < 0 || calm.matches) return seek(at + direction * STEP_S * speed, true);
      [playing, until] = [true, Math.min(duration, at + STEP_S * speed)];
      painting.wake();
    },
    reset: () => (pause("At the start."), seek(0)),
  });
  root.append(
    bar.bar,
    h("div", { class: "pmtech-scrolls" }, stageEl),
    legend(first, everyLabel),
    h("div", { class: "pmtech-scrub" }, h("label", { for: id }, "Moment"), range),
    chartEl,
    h("p", {}, about.said),
  );
  el.append(root);

  const scene = new Stage(stageEl, structuredClone(first));
  const chart = new Strips(chartEl, { words: marks.length > 0 });
  chartEl.style.height = marks.length ? "232px" : "";
  Object.assign(stageEl.style, { height: `${stageHeight(first)}px`, minWidth: `${stageWidth(first)}px` });
  const codes = numbers(model.get("numbers"), Int32Array);
  const times = numbers(model.get("times"), Float32Array);
  times.forEach((time, n) => scene.step(codes[2 * n] & 7, codes[2 * n + 1], codes[2 * n] >> 3, time));
  scene.states(numbers(model.get("states")), 1 + 3 * first.units.length);
  chart.add(numbers(model.get("samples")));
  chart.mark(marks);

  const summary = () => {
    const [, sent, served, refused, , p95, inside] = chart.latest(at) ?? [];
    return sent === undefined ? "" : `At ${moment(at, duration)}: ${round(sent)} requests a second sent, ${round(served)} served, ${round(refused)} refused; ${inside} inside; p95 ${took(p95, duration)}.`;
  };
  let moved = true;
  const seek = (to, aloud = false) => {
    at = clamp(to, 0, duration);
    [moved, playing] = [true, playing && !aloud];
    if (aloud) bar.say(summary());
    painting.wake();
  };
  chartEl.addEventListener("pointerdown", (event) => seek(chart.seek(event.offsetX, 0, duration)));
  chartEl.addEventListener("pointermove", (event) => event.buttons && seek(chart.seek(event.offsetX, 0, duration)));

  let since = 0; // the calm view moves on once a second
  const painting = frames((elapsed) => {
    since += elapsed;
    if (playing && (!calm.matches || since >= 1)) {
      at = Math.min(until, at + (calm.matches ? 1 : elapsed) * speed);
      since = 0;
      if (at >= until) pause(at >= duration ? "The run is over." : "");
    }
    const every = about.every[SPEEDS.indexOf(speed)];
    const over = marks.findLastIndex((mark) => mark.at <= at) + 1;
    if (over !== passed) {
      const { texts } = marks.slice(0, over).findLast((mark) => mark.texts) ?? { texts: first.boxes };
      scene.know(first.units, texts);
      if (over > passed && playing) bar.say(told(marks[over - 1], duration));
      passed = over;
    }
    scene.show(at, { speed, every, jump: moved, elapsed });
    chart.show(0, duration, { at, elapsed, cursor: true });
    range.value = at;
    range.setAttribute("aria-valuetext", `${moment(at, duration)} of ${moment(duration, duration)}`);
    bar.show(playing, `${playing ? "playing" : "paused"}, ${(at / s).toFixed(1)} of ${moment(duration, duration)}`);
    write(everyLabel, perDot(every));
    const settling = moved;
    moved = false;
    return playing || settling || chart.moving();
  });
  scene.onchange = chart.onchange = () => ((moved = true), painting.wake());
  painting.wake();
  return () => (painting.stop(), scene.stop(), chart.stop());
}
