// The command bar: "/" or Ctrl-K from anywhere, arrows to choose, Enter to go, Escape to leave.
"use strict";

const command = document.getElementById("command-input");
if (command) {
  const results = document.getElementById("command-results");
  const options = () => [...results.querySelectorAll("a.cell")];
  const choose = (index) => {
    const all = options();
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (all[index]) {
      command.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    } else {
      command.removeAttribute("aria-activedescendant");
    }
  };
  const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  const close = () => {
    results.replaceChildren();
    command.setAttribute("aria-expanded", "false");
    command.removeAttribute("aria-activedescendant");
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select, [contenteditable]");
    if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing)) {
      event.preventDefault();
      command.focus();
      command.select();
    }
  });
  command.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "ArrowDown" && count) {
      event.preventDefault();
      choose((chosen() + 1) % count);
    } else if (event.key === "ArrowUp" && count) {
      event.preventDefault();
      choose((chosen() - 1 + count) % count);
    } else if (event.key === "Enter" && count) {
      event.preventDefault();
      options()[Math.max(0, chosen())].click();
    } else if (event.key === "Escape") {
      close();
      command.blur();
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== results) return;
    command.setAttribute("aria-expanded", String(options().length > 0));
    choose(options().length ? 0 : -1);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".command")) close();
  });
}

// Lists worked by keyboard: rows of [data-keys] move with j/k or arrows, Enter opens, a letter presses its button.
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey)
    return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not([disabled])`);
  if (button) {
    event.preventDefault();
    button.click();
    return;
  }
  const list = document.querySelector("[data-keys]");
  if (!list) return;
  const links = [...list.querySelectorAll("a[href]")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "j" || (event.key === "ArrowDown" && at >= 0)) links[Math.min(at + 1, links.length - 1)]?.focus();
  else if (event.key === "k" || (event.key === "ArrowUp" && at >= 0)) links[Math.max(at - 1, 0)]?.focus();
  else return;
  event.preventDefault();
});

// What was shown in full hides itself again (SEC-09), whatever the network does meanwhile.
document.addEventListener("htmx:load", (event) => {
  for (const shown of event.detail.elt.parentElement?.querySelectorAll("[data-hide-after]") ?? []) hideLater(shown);
});
document.querySelectorAll("[data-hide-after]").forEach(hideLater);
function hideLater(shown) {
  const seconds = Number(shown.dataset.hideAfter);
  delete shown.dataset.hideAfter;
  setTimeout(() => {
    for (const value of shown.querySelectorAll("[data-masked]")) value.textContent = value.dataset.masked;
    shown.querySelector("[role=status]")?.remove();
  }, seconds * 1000);
}
