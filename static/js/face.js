// What every page may use. Each part is optional: without JavaScript the page still works by links and forms.
"use strict";

// A refusal that answers an htmx request is shown in the live region, and what was typed stays where it is.
document.addEventListener("htmx:beforeSwap", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401) {
    window.location.reload(); // the answer to the reload is the sign-in page, which leads back here
    return;
  }
  if (status === 422) {
    event.detail.shouldSwap = true; // the form again, with its errors
    event.detail.isError = false;
  } else if (status >= 400) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
    event.detail.target = document.getElementById("toasts");
    event.detail.swapOverride = "beforeend";
    event.detail.selectOverride = "unset";
  }
});
document.addEventListener("htmx:sendError", () => {
  const template = document.getElementById("toast-offline");
  const toasts = document.getElementById("toasts");
  if (template && toasts && !toasts.querySelector(".toast--offline")) toasts.append(template.content.cloneNode(true));
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
  }
  const closer = event.target.closest("[data-close]");
  if (closer) {
    const toast = closer.closest(".toast");
    if (toast) toast.remove();
    else closer.closest("dialog")?.close();
  }
  if (event.target.closest("[data-print]")) window.print();
});

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-autosubmit]")) event.target.form.requestSubmit();
});

// <time data-countdown datetime="...">: counts down to an instant by the server's clock, then reloads or says so.
const skew = Date.parse(document.documentElement.dataset.now) - Date.now();
function tick() {
  for (const node of document.querySelectorAll("[data-countdown]")) {
    const left = Math.max(0, Math.ceil((Date.parse(node.dateTime) - Date.now() - skew) / 1000));
    const hours = Math.floor(left / 3600);
    const minutes = String(Math.floor((left % 3600) / 60)).padStart(2, "0");
    node.textContent = `${hours ? `${hours}:` : ""}${minutes}:${String(left % 60).padStart(2, "0")}`;
    if (left === 0) {
      node.removeAttribute("data-countdown");
      node.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true }));
      if (node.dataset.then === "reload") window.location.reload();
    }
  }
}
if (document.querySelector("[data-countdown]")) tick();
setInterval(tick, 1000);

// The first refusal on a form is where the reader goes on reading.
document.querySelector(".error-summary")?.focus();
