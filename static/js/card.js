// A square code that is too old to be taken says so, instead of failing at the desk (H2). A new one replaces it whole.
"use strict";

let expiry;
function watch(code) {
  clearTimeout(expiry);
  expiry = setTimeout(() => {
    code.querySelector("img").hidden = true;
    code.querySelector("[data-stale]").hidden = false;
  }, Number(code.dataset.goodFor) * 1000);
}
const first = document.getElementById("card-qr");
if (first) watch(first);
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id === "card-qr") watch(event.detail.elt);
});
// A sleeping phone stops its timers: on waking the code is asked for anew.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && navigator.onLine && document.getElementById("card-qr")) location.reload();
});
