// Texts come from the TOML files: `backticks` are code, everything else stays plain text.
function rich(el, text) {
  el.replaceChildren(...text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part)));
  return el;
}
