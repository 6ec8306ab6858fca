// The note editor: saves by itself, says so, never overwrites another's text, works by keyboard.
// What the server doesn't have yet is kept on this device too, so that a browser that dies loses nothing.
// Without JavaScript the same form saves and signs by its buttons.
"use strict";

const picker = document.querySelector("[data-diagnoses]");
const form = document.querySelector("[data-note]");
const copies = {
  // Storage may be full or forbidden: the draft on the server is still there.
  read(key) {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "null");
    } catch {
      return null;
    }
  },
  write(key, copy) {
    try {
      if (copy) localStorage.setItem(key, JSON.stringify(copy));
      else localStorage.removeItem(key);
    } catch {
      // as above
    }
  },
};
for (const done of document.querySelectorAll("[data-note-done]")) copies.write(`note:${done.dataset.noteDone}`, null);

if (form) {
  const state = form.querySelector("[data-state]");
  const revision = form.elements.revision;
  const key = `note:${form.dataset.note}`;
  let saved = snapshot();
  let timer = 0;
  let saving = null;
  let stopped = false; // after a conflict only the doctor decides
  let leaving = false;

  function snapshot() {
    const data = new URLSearchParams(new FormData(form));
    for (const name of ["csrfmiddlewaretoken", "revision", "dx_add", "code"]) data.delete(name);
    return data.toString();
  }

  function keep() {
    if (snapshot() === saved) return copies.write(key, null);
    const names = [...form.querySelectorAll("[data-diagnosis]")].map((row) => row.querySelector(".strong").textContent);
    return copies.write(key, { revision: revision.value, words: snapshot(), names });
  }

  function restore() {
    const copy = copies.read(key);
    if (!copy || copy.words === saved) return copies.write(key, null);
    const words = new URLSearchParams(copy.words);
    for (const field of form.elements) {
      if (field.name?.startsWith("f_")) field.value = words.get(field.name) ?? "";
      else if (field.name === "confirmed") field.checked = words.getAll("confirmed").includes(field.value);
    }
    const diagnoses = words.getAll("dx").map((code, place) => ({
      code,
      display: copy.names[place] ?? code,
      main: words.get("dx_main") === code,
      suspected: words.getAll("dx_suspected").includes(code),
    }));
    picker?.dispatchEvent(new CustomEvent("diagnoses:put", { detail: diagnoses }));
    revision.value = copy.revision; // one that others have passed makes the server show both texts
    say(form.dataset.restored);
    return later();
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

  function save() {
    clearTimeout(timer);
    if (saving || stopped || snapshot() === saved) return saving;
    saving = send().finally(() => {
      saving = null;
      if (!stopped && snapshot() !== saved && !timer) later();
    });
    return saving;
  }

  async function send() {
    const sent = snapshot();
    const body = new URLSearchParams(new FormData(form));
    body.delete("dx_add");
    timer = 0;
    say(form.dataset.saving);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      if (answer.status === 409) conflict();
      else if (!answer.ok) throw new Error(String(answer.status));
      else {
        const kept = await answer.json();
        revision.value = kept.revision;
        saved = sent;
        keep();
        say(`${form.dataset.saved} ${kept.saved_at}`);
      }
    } catch {
      say(form.dataset.offline);
      timer = setTimeout(save, 5000);
    }
  }

  function later() {
    keep();
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
  form.addEventListener("submit", (event) => {
    if (saving) event.preventDefault(); // the save on its way would make this one a conflict with oneself
    else leaving = true;
    clearTimeout(timer);
  });
  // Another form of the page (end the visit, order tests) takes the page away: the note is saved first.
  document.addEventListener("submit", async (event) => {
    const other = event.target;
    if (other === form || event.defaultPrevented || leaving || snapshot() === saved) return;
    event.preventDefault();
    await saving;
    await save();
    leaving = true; // what couldn't be saved is kept on this device
    other.requestSubmit(event.submitter);
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    if (event.key === "s") {
      event.preventDefault();
      save();
    } else if (event.key === "Enter" && !event.target.closest("[data-talk-form]")) {
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
  queueMicrotask(restore); // when the diagnoses below can be put back as well
}

// Diagnoses: choose from the list below the box, by mouse or by arrows and Enter.
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

  picker.addEventListener("diagnoses:put", (event) => {
    list.replaceChildren();
    for (const one of event.detail) {
      add(one.code, one.display);
      const row = list.lastElementChild;
      row.querySelector("[name=dx_main]").checked = one.main;
      row.querySelector("[name=dx_suspected]").checked = one.suspected;
    }
    box.blur();
  });
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
