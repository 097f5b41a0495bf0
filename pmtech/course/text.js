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

// A button's Enter is a click, with Shift as well; but Shift + Enter belongs to the notebook and answers nothing.
function answering(button) {
  button.addEventListener("keydown", (event) => event.key === "Enter" && event.shiftKey && event.preventDefault());
  return button;
}
