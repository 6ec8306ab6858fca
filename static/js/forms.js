// Forms that save themselves. Without this file they work page by page; with it nothing typed is lost:
// what isn't saved on the server yet is kept on this device and goes there as soon as it can.
"use strict";

(() => {
  const QUIET = 2500; // ms after the last key
  const SOON = 400; // ms after a choice, because other questions may depend on it
  const AGAIN = 10000; // ms until a failed save is tried again

  function start(form) {
    if (form.dataset.formStarted) return;
    form.dataset.formStarted = "1";
    const key = `form:${form.dataset.form}`;
    const state = form.querySelector("[data-save-state]");
    const conflict = form.parentElement.querySelector("[data-conflict]");
    let timer = 0;
    let dirty = false;
    let saving = null;
    let stopped = false;

    const revision = () => form.elements.namedItem("revision");
    const say = (text) => {
      if (state) state.textContent = text;
    };

    function entries() {
      const data = new FormData(form);
      data.delete("csrfmiddlewaretoken");
      return [...data.entries()].filter(([, value]) => typeof value === "string");
    }

    function answers(given) {
      return given.filter(([name]) => !["revision", "page", "action"].includes(name));
    }

    function keep() {
      try {
        localStorage.setItem(key, JSON.stringify({ revision: revision().value, page: form.elements.namedItem("page").value, entries: entries() }));
      } catch {
        // storage may be full or forbidden: the server's draft is still there
      }
    }

    function forget() {
      try {
        localStorage.removeItem(key);
      } catch {
        // as above
      }
    }

    function put(values) {
      const given = new Map();
      for (const [name, value] of values) given.set(name, [...(given.get(name) ?? []), value]);
      for (const field of form.elements) {
        if (!field.name || ["revision", "page", "action", "csrfmiddlewaretoken"].includes(field.name) || field.type === "hidden") continue;
        const wanted = given.get(field.name) ?? [];
        if (field.type === "checkbox" || field.type === "radio") field.checked = wanted.includes(field.value);
        else field.value = wanted.shift() ?? "";
      }
    }

    function restore() {
      let copy = null;
      try {
        copy = JSON.parse(localStorage.getItem(key) ?? "null");
      } catch {
        copy = null;
      }
      if (!copy || copy.page !== form.elements.namedItem("page").value) return;
      // The server shows just these words: it has them, and the copy's older revision would quarrel with them.
      if (JSON.stringify(answers(copy.entries)) === JSON.stringify(answers(entries()))) return forget();
      put(copy.entries);
      revision().value = copy.revision; // an older one makes the server show both texts
      say(form.dataset.restored);
      changed(SOON);
    }

    function apply(answer) {
      const hidden = new Set(answer.hidden);
      for (const question of form.querySelectorAll("[data-question]")) question.hidden = hidden.has(question.dataset.question);
      for (const output of form.querySelectorAll("[data-calculated]")) output.textContent = answer.calculated[output.dataset.calculated] || "—";
      for (const words of form.querySelectorAll("[data-meaning]")) words.textContent = answer.meaning[words.dataset.meaning] ?? "";
    }

    function changed(wait) {
      dirty = true;
      keep();
      clearTimeout(timer);
      timer = setTimeout(save, wait);
    }

    function save() {
      if (saving || stopped) return saving;
      clearTimeout(timer);
      dirty = false;
      say(form.dataset.saving);
      saving = send().finally(() => {
        saving = null;
        if (dirty && !stopped) timer = setTimeout(save, SOON);
      });
      return saving;
    }

    async function send() {
      let response;
      try {
        response = await fetch(form.dataset.autosave, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      } catch {
        say(form.dataset.offline);
        dirty = true;
        timer = setTimeout(save, AGAIN);
        return;
      }
      if (response.status === 200) {
        const answer = await response.json();
        revision().value = answer.revision;
        apply(answer);
        if (!dirty) forget();
        else keep();
        say(`${form.dataset.saved} ${answer.saved_at}`);
      } else if (response.status === 409) {
        const answer = await response.json();
        stopped = true;
        if (answer.html && conflict) show(answer);
        else say(answer.title);
      } else if (response.status === 401) {
        say(form.dataset.signin);
      } else {
        say(form.dataset.unsaved);
        dirty = true;
        timer = setTimeout(save, AGAIN);
      }
    }

    function show(answer) {
      conflict.innerHTML = answer.html;
      conflict.firstElementChild.focus();
      conflict.querySelector("[data-keep-mine]")?.addEventListener("click", (event) => {
        event.preventDefault();
        revision().value = answer.revision;
        conflict.replaceChildren();
        stopped = false;
        save();
      });
      conflict.querySelector("[data-keep-saved]")?.addEventListener("click", forget);
    }

    form.addEventListener("input", () => changed(QUIET));
    form.addEventListener("change", (event) => {
      single(event.target);
      changed(SOON);
    });
    form.addEventListener("submit", (event) => {
      if (!saving) {
        clearTimeout(timer);
        stopped = true; // the page itself is the save now
        return;
      }
      // A save under way would raise the revision under our feet: wait for it, then go.
      event.preventDefault();
      const submitter = event.submitter;
      saving.finally(() => form.requestSubmit(submitter));
    });
    window.addEventListener("online", () => dirty && save());
    window.addEventListener("pagehide", () => dirty && keep());
    restore();
  }

  // "none of these" and the others exclude each other at once
  function single(box) {
    if (box.type !== "checkbox" || !box.checked || !box.name) return;
    const others = [...box.form.querySelectorAll(`input[type=checkbox][name="${CSS.escape(box.name)}"]`)].filter((other) => other !== box);
    for (const other of others) if (box.dataset.exclusive !== undefined || other.dataset.exclusive !== undefined) other.checked = false;
  }

  // questions answered from one of the hospital's catalogues
  let asked = 0;
  document.addEventListener("input", async (event) => {
    const field = event.target.closest("[data-catalogue]");
    if (!field || field.value.trim().length < 1) return;
    const mine = ++asked;
    const url = new URL(field.form.dataset.concepts, window.location.origin);
    url.search = new URLSearchParams({ value_set: field.dataset.catalogue, q: field.value }).toString();
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (mine !== asked || !response.ok) return;
    const { concepts } = await response.json();
    let list = document.getElementById(`${field.id}-list`);
    if (!list) {
      list = document.createElement("datalist");
      list.id = `${field.id}-list`;
      field.after(list);
      field.setAttribute("list", list.id);
    }
    list.replaceChildren(...concepts.map((text) => Object.assign(document.createElement("option"), { value: text })));
  });

  const startAll = (root) => root.querySelectorAll("form[data-form]").forEach(start);
  startAll(document);
  document.addEventListener("htmx:load", (event) => startAll(event.detail.elt.parentElement ?? document));
})();
