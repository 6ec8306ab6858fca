// A search box with suggestions from the server (ARIA combobox with a listbox), see organisation/concept_picker.html.
// Arrows choose, Enter takes, Escape closes and then clears, Tab takes what is chosen. Works for boxes added later.
"use strict";

(() => {
  const WAIT = 120; // ms after the last letter
  const asked = new WeakMap(); // box -> what is under way
  let serial = 0;

  const parts = (box) => ({
    input: box.querySelector("[role=combobox]"),
    code: box.querySelector("input[type=hidden]"),
    list: box.querySelector("[role=listbox]"),
    status: box.querySelector("[data-combobox-status]"),
  });
  const options = (box) => [...box.querySelectorAll("[role=option]")];
  const current = (box) => options(box).findIndex((option) => option.getAttribute("aria-selected") === "true");
  const isOpen = (box) => !parts(box).list.hidden;

  function close(box) {
    const { input, list } = parts(box);
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    stop(box);
  }

  function stop(box) {
    const under = asked.get(box);
    if (under) {
      clearTimeout(under.timer);
      under.abort?.abort();
      asked.delete(box);
    }
  }

  function select(box, index) {
    const { input } = parts(box);
    const all = options(box);
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (all[index]) {
      input.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function take(box, option) {
    const { input, code } = parts(box);
    input.value = option.dataset.display;
    code.value = option.dataset.code;
    close(box);
    const detail = { code: option.dataset.code, display: option.dataset.display };
    code.dispatchEvent(new Event("change", { bubbles: true }));
    box.dispatchEvent(new CustomEvent("combobox:chosen", { bubbles: true, detail }));
  }

  function show(box, html) {
    const { input, list, status } = parts(box);
    list.innerHTML = html; // a fragment of our own server, escaped there
    const all = options(box);
    all.forEach((option) => {
      serial += 1;
      option.id = `${list.id}_${serial}`;
    });
    list.hidden = list.children.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = all.length ? status.dataset.many.replace("#", String(all.length)) : status.dataset.none;
    select(box, all.length ? 0 : -1);
  }

  async function ask(box) {
    const { input } = parts(box);
    const text = input.value.trim();
    const abort = new AbortController();
    asked.set(box, { abort });
    try {
      const answer = await fetch(`${box.dataset.url}&q=${encodeURIComponent(text)}`, {
        headers: { Accept: "text/html", "HX-Request": "true" },
        signal: abort.signal,
      });
      if (answer.status === 401) {
        window.location.reload(); // signed out meanwhile: the sign-in page leads back here
        return;
      }
      if (answer.ok && input.value.trim() === text) show(box, await answer.text());
    } catch (error) {
      if (error.name !== "AbortError") close(box); // no network: what was typed stays and is sent with the form
    }
  }

  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-combobox]");
    if (!box || event.target !== parts(box).input) return;
    parts(box).code.value = ""; // a code never stands beside a text that was changed after it
    stop(box);
    if (event.target.value.trim() === "") {
      close(box);
      return;
    }
    asked.set(box, { timer: setTimeout(() => ask(box), WAIT) });
  });

  document.addEventListener("keydown", (event) => {
    const box = event.target.closest("[data-combobox]");
    if (!box || event.target !== parts(box).input || event.isComposing) return; // Enter in an input method is no choice
    const count = options(box).length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen(box)) {
        if (event.target.value.trim()) ask(box);
        return;
      }
      if (count) select(box, (current(box) + (event.key === "ArrowDown" ? 1 : count - 1) + count) % count);
    } else if (event.key === "Enter" && isOpen(box) && current(box) >= 0) {
      event.preventDefault();
      take(box, options(box)[current(box)]);
    } else if (event.key === "Tab" && isOpen(box) && current(box) >= 0) {
      take(box, options(box)[current(box)]);
    } else if (event.key === "Escape") {
      if (isOpen(box)) {
        event.preventDefault();
        close(box);
      } else {
        event.target.value = "";
        parts(box).code.value = "";
      }
    }
  });

  // mousedown, not click: the list closes when the input loses the focus.
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[data-combobox] [role=option]");
    if (!option) return;
    event.preventDefault();
    take(option.closest("[data-combobox]"), option);
  });

  document.addEventListener("focusout", (event) => {
    const box = event.target.closest("[data-combobox]");
    if (box && isOpen(box) && !box.contains(event.relatedTarget)) close(box);
  });
})();
