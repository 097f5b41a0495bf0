// The kernel tells the news some thirty times a second; the page draws from its own clock, a moment behind them.
function render({ model, el }) {
  const LATE_S = 0.09; // so far behind the news the page stays, to bridge the time to the next
  const scene = model.get("scene");
  let wish = { number: 0, presses: 0, steps: 0, resets: 0, surges: 0, kills: {}, failures: {}, values: {}, speed: 1, playing: false };
  let news = null; // the last that were drawn; none are before those that answer the page's greeting
  let heardAt = performance.now();
  let [at, jump, since] = [0, true, 0];
  let acked = { at: 0, number: 0 }; // when the kernel was last told which news have come

  const send = (changes) => {
    wish = { ...wish, ...changes, number: wish.number + 1 };
    model.set("wish", wish);
    model.save_changes();
  };

  const knobs = controls(model.get("described"), (turned) => send({ values: { ...wish.values, ...turned } }));

  // ---- the panel ----
  const pools = Object.entries(model.get("pools"));
  const kills = pools.map(([name, label]) =>
    button("", pools.length > 1 ? `Kill one ${label}` : "Kill one", () => send({ kills: { ...wish.kills, [name]: (wish.kills[name] ?? 0) + 1 } })),
  );
  const failures = model.get("failures").map((words, n) =>
    button("", words, () => send({ failures: { ...wish.failures, [n]: (wish.failures[n] ?? 0) + 1 } })),
  );
  const root = h("div", { class: "pmtech-theatre pmtech-live", role: "group", "aria-label": "Live run. Space plays and pauses, the right arrow steps." });
  const bar = transport(
    root,
    {
      speed: { get: () => wish.speed, set: (speed) => send({ speed }) },
      play: (playing) => send({ playing, presses: wish.presses + 1 }),
      step: () => send({ playing: false, steps: wish.steps + 1 }),
      reset: () => send({ playing: false, resets: wish.resets + 1, values: knobs.first }),
    },
    ...(model.get("pushes") ? [button("", "Surge now", () => send({ surges: wish.surges + 1 }))] : []),
    ...kills,
    ...failures,
  );
  const everyLabel = h("span", { class: "pmtech-every" });
  const stageEl = h("div", { class: "pmtech-stage", role: "img", "aria-label": scene.said });
  const chartEl = h("div", { class: "pmtech-chart", role: "img", "aria-label": `Chart of up to ${WINDOW_S} seconds: requests a second, time to answer, requests in the system.` });
  const problem = h("p", { class: "pmtech-error", role: "alert" });
  const note = h("p", { class: "pmtech-note", role: "status" });
  const say = (text) => (write(problem, text ?? ""), (problem.hidden = !text));
  Object.assign(stageEl.style, { height: `${stageHeight(scene)}px`, minWidth: `${stageWidth(scene)}px` });
  bar.bar.querySelector(".pmtech-clock").after(note);
  root.append(bar.bar, problem, h("div", { class: "pmtech-scrolls" }, stageEl), legend(scene, everyLabel), h("div", { class: "pmtech-knobs" }, ...knobs.rows), chartEl);
  el.append(root);
  const actors = new Stage(stageEl, { ...structuredClone(scene), units: [] });
  const chart = new Strips(chartEl);
  say(null);
  root.inert = true;

  // ---- time ----
  let measured = { speed: 0 }; // from when, and from which simulated second on, the run has gone at one speed
  let really = ""; // how fast it goes, where the kernel can't keep up
  const measure = ({ now, playing, speed }) => {
    const [asked, lasted] = [measured.speed, heardAt - measured.heardAt];
    if (speed !== asked || !playing) really = "";
    else if (lasted < 1000) return;
    else {
      const real = (1000 * (now - measured.now)) / lasted;
      really = real < 0.8 * speed ? ` at about ${Number(real.toPrecision(real < 10 ? 1 : 2))}×` : "";
    }
    measured = { heardAt, now, speed: playing ? speed : 0 };
  };
  const lasts = () => Math.min(at, LONGEST_S);
  // Towards the news, at the speed of the run: never past them, never far behind.
  const move = (elapsed) => {
    const { now, playing, speed } = news;
    const old = at;
    const there = playing ? Math.min(now, now + ((performance.now() - heardAt) / 1000 - LATE_S) * speed) : now;
    at += elapsed * speed;
    if (playing) at += (there - at) * Math.min(1, elapsed / 0.2);
    at = Math.max(Math.min(at, now), old, now - 1.5 * speed);
    return at > old;
  };
  const draw = (elapsed) => {
    const { now, speed, every } = news;
    // Dots, numbers, strips and clock are of one moment. The strips grow until they hold a surge from its beginning to its end.
    actors.show(at, { speed, every, jump, elapsed });
    actors.forget(at, every);
    const end = Math.max(FIRST_S, at);
    chart.show(Math.max(0, end - WINDOW_S), end, { at, elapsed, lasts: lasts() });
    chart.forget(now - WINDOW_S - 2);
  };
  const painting = frames((elapsed) => {
    if (!news) return false;
    const { playing, every } = news;
    const moved = move(elapsed);
    since += elapsed;
    const still = calm.matches && playing && since < 1; // the calm view moves on once a second
    if (!still) {
      since = 0;
      draw(elapsed);
    }
    const [unit, s] = clock(lasts());
    bar.show(playing, `${playing ? `running${really}` : "paused"}, ${(at / s).toFixed(1)} ${unit}`);
    write(everyLabel, `${perDot(every)}; rates are those of the last 2 s`);
    const settling = jump;
    jump = false;
    return playing || moved || settling || chart.moving() || actors.moving();
  });
  const redraw = () => ((jump = true), painting.wake());
  actors.onchange = chart.onchange = redraw;

  const begin = (message) => {
    actors.clear();
    chart.clear();
    [at, jump, root.inert] = [message.now, true, false];
  };
  const tell = (message) => {
    const [mark, known] = [message.marks.at(-1), news?.marks.at(-1)];
    if (news && mark && mark.words !== known?.words) bar.say(told(mark, lasts()));
    else if (message.playing && !news?.playing) bar.say("Running.");
    else if (message.sentence && message.sentence !== news?.sentence) bar.say(message.sentence);
    say(message.error);
    if (message.note !== news?.note) note.replaceChildren(...message.note.split("\n").map((line) => h("span", {}, line)));
    note.hidden = !message.note;
    kills.forEach((one, n) => {
      const why = message.none_left[pools[n][0]] ?? "";
      if (why && document.activeElement === one) root.focus(); // a disabled button would swallow the keys
      [one.disabled, one.title] = [Boolean(why), why];
    });
  };
  const hear = (message, buffers) => {
    if (message?.kind !== "news" || !(news || message.fresh)) return;
    const [steps, state, samples] = buffers.map((buffer) => numbers(buffer));
    if (message.fresh) begin(message);
    if (message.units) actors.know(message.units, message.texts);
    actors.feed(steps);
    actors.states(state, state.length);
    chart.add(samples);
    chart.mark(message.marks);
    tell(message);
    news = message;
    heardAt = performance.now();
    measure(message);
    // What another page asked for counts here, too: the next wish goes on from there.
    if (message.fresh || message.granted.number >= wish.number) {
      wish = { ...wish, ...message.granted, values: message.values, speed: message.speed, playing: message.playing };
      knobs.show(message.values);
      bar.speed(message.speed);
    }
    if (heardAt - acked.at > 1000 || message.number - acked.number > 30) acknowledge();
    painting.wake();
  };
  // A run that nobody can see is not heard of, and the kernel lets it rest.
  const acknowledge = () => {
    if (!news || document.hidden) return;
    acked = { at: performance.now(), number: news.number };
    model.send({ kind: "heard", number: news.number });
  };
  document.addEventListener("visibilitychange", acknowledge);
  model.on("msg:custom", hear);
  const greet = () => news || model.send({ kind: "hello" });
  const greeting = setInterval(greet, 3000); // until it has been answered
  greet();
  return () => {
    clearInterval(greeting);
    document.removeEventListener("visibilitychange", acknowledge);
    painting.stop();
    actors.stop();
    chart.stop();
    model.send({ kind: "gone" });
  };
}
