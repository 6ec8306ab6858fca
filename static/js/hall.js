// Screens without a hand on them: say when the picture is old, and come back by themselves.
"use strict";

const live = document.querySelector("[data-live]");
const lost = document.querySelector("[data-lost]");

function show(isLost) {
  if (lost) lost.hidden = !isLost;
  live?.classList.toggle("is-old", isLost);
}

// What face.js would show as a toast for somebody who reads and closes it would stand on a wall for ever; and a page of
// a proxy that answers for a dead server must not take the place of the picture.
if (live) document.getElementById("toast-offline")?.remove();
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, () => show(true));
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!live || event.detail.xhr.status === 200) return;
  event.detail.shouldSwap = false;
  show(true);
});
document.addEventListener("htmx:afterSwap", () => show(false));

// A slip is printed as soon as it is drawn.
if (document.querySelector("[data-print-now]")) window.addEventListener("load", () => window.print());
