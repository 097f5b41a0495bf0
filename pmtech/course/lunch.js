const button = document.querySelector("button");
let sent = 0;
button.onclick = () => { button.textContent = `Thank you (${++sent})`; };
