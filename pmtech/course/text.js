// Texts come from the TOML files: `backticks` are code, **stars** are bold, everything else stays plain text.
function rich(el, text) {
  const part = (piece, i) => (i % 2 ? h("code", {}, piece) : piece);
  const parts = text.split("**").map((piece, i) => {
    const inside = piece.split("`").map(part);
    return i % 2 ? h("b", {}, ...inside) : inside;
  });
  el.replaceChildren(...parts.flat());
  return el;
}

const LETTERS = "ABCDEFG";

// What is done in the kernel at once changes several traits: one update for all of them. Returns what ends it.
function followed(model, update) {
  let queued = false;
  const later = () => {
    if (queued) return;
    queued = true;
    queueMicrotask(() => ((queued = false), update()));
  };
  model.on("change", later);
  update();
  return () => model.off("change", later);
}
