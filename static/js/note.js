// The note editor: saves by itself, says so, never overwrites another's text, works by keyboard.
// Without JavaScript the same form saves and signs by its buttons.
"use strict";

const form = document.querySelector("[data-note]");
if (form) {
  const state = form.querySelector("[data-state]");
  const revision = form.elements.revision;
  let saved = snapshot();
  let timer = 0;
  let busy = false;
  let stopped = false; // after a conflict only the doctor decides

  function snapshot() {
    const data = new URLSearchParams(new FormData(form));
    for (const name of ["csrfmiddlewaretoken", "revision", "dx_add", "code"]) data.delete(name);
    return data.toString();
  }

  function say(words) {
    state.textContent = words;
  }

  function conflict() {
    stopped = true;
    const button = document.createElement("button");
    button.className = "btn btn--danger btn--s";
    button.textContent = form.dataset.conflict; // posts the form as it is: the answer shows both texts
    state.replaceChildren(button);
  }

  async function save() {
    clearTimeout(timer);
    if (busy || stopped || snapshot() === saved) return;
    busy = true;
    const sent = snapshot();
    const body = new URLSearchParams(new FormData(form));
    body.delete("dx_add");
    say(form.dataset.saving);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      if (answer.status === 409) conflict();
      else if (!answer.ok) throw new Error(String(answer.status));
      else {
        const kept = await answer.json();
        revision.value = kept.revision;
        saved = sent;
        say(`${form.dataset.saved} ${kept.saved_at}`);
      }
    } catch {
      say(form.dataset.offline);
      timer = setTimeout(save, 5000);
    } finally {
      busy = false;
    }
    if (!stopped && snapshot() !== saved) later();
  }

  function later() {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(save, 1500);
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "dx_add" || event.target.name === "code") return;
    if (!stopped) say(form.dataset.unsaved);
    later();
  });
  form.addEventListener("note:changed", later);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save());
  window.addEventListener("beforeunload", (event) => {
    if (snapshot() !== saved && !leaving) event.preventDefault();
  });
  let leaving = false;
  form.addEventListener("submit", (event) => {
    if (busy) event.preventDefault(); // the save on its way would make this one a conflict with oneself
    else leaving = true;
    clearTimeout(timer);
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    if (event.key === "s") {
      event.preventDefault();
      save();
    } else if (event.key === "Enter") {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-sign]"));
    }
  });
  for (const button of form.querySelectorAll("[data-template]")) {
    button.addEventListener("click", () => {
      const fields = JSON.parse(document.getElementById(button.dataset.template).textContent);
      for (const [name, text] of Object.entries(fields)) {
        const field = form.elements[`f_${name}`];
        if (field && !field.value.trim()) field.value = text; // never over what is written
      }
      form.dispatchEvent(new CustomEvent("note:changed"));
    });
  }
}

// Diagnoses: choose from the list below the box, by mouse or by arrows and Enter.
const picker = document.querySelector("[data-diagnoses]");
if (picker) {
  const list = picker.querySelector("[data-diagnosis-list]");
  const box = picker.querySelector("#dx-add");
  const found = picker.querySelector("#dx-found");
  const model = picker.parentElement.querySelector("[data-diagnosis-row]");
  const changed = () => picker.closest("form").dispatchEvent(new CustomEvent("note:changed"));
  const arm = () => {
    for (const node of list.querySelectorAll("[data-no-script]")) node.remove();
    for (const node of list.querySelectorAll("[data-remove-diagnosis]")) node.hidden = false;
  };
  arm();

  const add = (code, display) => {
    if (![...list.querySelectorAll("[name=dx]")].some((node) => node.value === code)) {
      const row = model.content.cloneNode(true);
      for (const name of ["dx", "dx_main", "dx_suspected"]) row.querySelector(`[name=${name}]`).value = code;
      row.querySelector("[name=dx_main]").checked = !list.children.length;
      row.querySelector("[data-display]").textContent = display;
      row.querySelector("[data-code]").textContent = code;
      list.append(row);
    }
    box.value = "";
    found.replaceChildren();
    box.setAttribute("aria-expanded", "false");
    box.focus();
    changed();
  };

  found.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-diagnosis]");
    if (button) add(button.dataset.addDiagnosis, button.dataset.display);
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-diagnosis]");
    if (!button) return;
    const row = button.closest("[data-diagnosis]");
    const wasMain = row.querySelector("[name=dx_main]").checked;
    row.remove();
    if (wasMain) list.querySelector("[name=dx_main]")?.click();
    changed();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === found) box.setAttribute("aria-expanded", String(found.children.length > 0));
  });
  picker.addEventListener("keydown", (event) => {
    const options = [...found.querySelectorAll("[data-add-diagnosis]")];
    const at = options.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && options.length) options[Math.min(at + 1, options.length - 1)].focus();
    else if (event.key === "ArrowUp" && at >= 0) (options[at - 1] ?? box).focus();
    else if (event.key === "Enter" && event.target === box && !event.ctrlKey && !event.metaKey) options[0]?.click();
    else if (event.key === "Escape") found.replaceChildren();
    else return;
    event.preventDefault();
  });
}
