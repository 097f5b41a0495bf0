// Colours and canvases.

function paints(el) {
  const style = getComputedStyle(el);
  const of = (name) => style.getPropertyValue(`--pmtech-${name}`).trim();
  const names = ["text", "quiet", "ground", "raised", "line", "edge", "accent", "served", "waiting", "waiting-fill", "refused", "refused-fill", "timed-out"];
  return { ...Object.fromEntries(names.map((name) => [name, of(name)])), family: style.fontFamily };
}

// A canvas that fills `el`, sharp on every screen; `changed` is called when its size or the theme is another.
function surface(el, changed, ...classes) {
  const canvases = classes.map((name) => h("canvas", { class: name, "aria-hidden": "true" }));
  el.append(...canvases);
  const contexts = canvases.map((canvas) => canvas.getContext("2d"));
  const self = { width: 0, height: 0, paint: paints(el), contexts };
  const fit = () => {
    const ratio = window.devicePixelRatio || 1;
    [self.width, self.height] = [el.clientWidth, el.clientHeight];
    for (const canvas of canvases) {
      canvas.width = Math.round(self.width * ratio);
      canvas.height = Math.round(self.height * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    self.ratio = ratio;
    self.paint = paints(el);
    changed();
  };
  const resized = new ResizeObserver(() => {
    if (el.clientWidth !== self.width || el.clientHeight !== self.height || window.devicePixelRatio !== self.ratio) fit();
  });
  resized.observe(el);
  const themed = new MutationObserver(() => setTimeout(fit, 100)); // the theme's sheet comes a moment later
  themed.observe(document.body, { attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  self.stop = () => (resized.disconnect(), themed.disconnect());
  return self;
}

// A dashed line with these corners, or a whole one.
function stroke(context, points, colour, width, dash = []) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
  context.setLineDash([]);
}

// Calls frame(elapsed seconds) before every paint while it says true, and again after wake(). What goes wrong in a
// frame ends that frame; the next try comes a moment later.
function frames(frame) {
  let [id, last, retry] = [0, 0, 0];
  const go = (now) => {
    const elapsed = last ? Math.min(0.1, (now - last) / 1000) : 0.016;
    let again = false;
    last = now;
    try {
      again = frame(elapsed);
    } catch (error) {
      console.error(error);
      retry = setTimeout(wake, 500);
    }
    id = again ? requestAnimationFrame(go) : 0;
  };
  const wake = () => {
    if (id) return;
    clearTimeout(retry);
    last = 0;
    id = requestAnimationFrame(go);
  };
  return { wake, stop: () => (cancelAnimationFrame(id), clearTimeout(retry)) };
}
