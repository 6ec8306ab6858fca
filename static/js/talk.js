// A talk that is live: a socket, and asking every few seconds where there is none. Each line written gets a key of its
// own and is kept on this device until the server says that it has it, so that none is lost and none is sent twice.
"use strict";

(() => {
  const list = document.querySelector("[data-talk]");
  if (!list) return;
  const form = document.querySelector("[data-talk-form]");
  const state = document.querySelector("[data-talk-state]");
  const store = `talk:${list.dataset.talk}`;
  const status = { socket: null, last: Number(list.dataset.last), tries: 0 };
  const POLL = 4000;
  const ANSWER = 5000;

  const pending = new Map(JSON.parse(read() ?? "[]")); // key -> text
  function read() {
    try {
      return localStorage.getItem(store);
    } catch {
      return null;
    }
  }
  function keep() {
    try {
      if (pending.size) localStorage.setItem(store, JSON.stringify([...pending]));
      else localStorage.removeItem(store);
    } catch {
      // without storage a closed page may lose a line that wasn't sent; nothing else changes
    }
  }

  // Beside a note the list scrolls by itself: the page stays where the doctor writes.
  const toEnd = () => {
    if (getComputedStyle(list).overflowY === "auto") list.scrollTop = list.scrollHeight;
    else list.lastElementChild?.scrollIntoView({ block: "end" });
  };

  function take(news) {
    if (news.last > status.last) {
      const box = document.createElement("template");
      box.innerHTML = news.html;
      for (const line of box.content.querySelectorAll("[data-seq]")) {
        if (Number(line.dataset.seq) <= status.last) continue;
        if (line.dataset.key) done(line.dataset.key);
        list.insertBefore(line, list.querySelector("[data-pending]"));
      }
      status.last = news.last;
      toEnd();
    }
    if (!news.open && form && !form.hidden) {
      form.hidden = true;
      window.location.reload();
    }
  }

  function done(key) {
    pending.delete(key);
    keep();
    list.querySelector(`[data-pending="${CSS.escape(key)}"]`)?.remove();
  }

  function connect() {
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    const place = list.dataset.socket; // on this host, unless the installation keeps sockets elsewhere
    const socket = new WebSocket(place.startsWith("/") ? `${scheme}://${window.location.host}${place}` : place);
    socket.addEventListener("open", () => {
      status.socket = socket;
      status.tries = 0;
      socket.send(JSON.stringify({ type: "after", seq: status.last }));
      for (const [key, text] of pending) send(key, text);
    });
    socket.addEventListener("message", (event) => {
      const frame = JSON.parse(event.data);
      if (frame.type === "lines") take(frame);
      else if (frame.type === "refused") refuse(frame.key, frame.title);
    });
    socket.addEventListener("close", (event) => {
      status.socket = null;
      if (event.code === 4401 || event.code === 4404) {
        window.location.reload();
        return;
      }
      status.tries += 1;
      setTimeout(connect, Math.min(15000, 500 * 2 ** status.tries));
    });
  }

  async function poll() {
    if (status.socket) return;
    try {
      const answer = await fetch(`${list.dataset.messages}?after=${status.last}`, { headers: { Accept: "application/json", "X-Background": "1" } });
      if (answer.ok) take(await answer.json());
      if (answer.status === 401) window.location.reload();
    } catch {
      if (state) state.textContent = "…";
    }
  }

  function send(key, text) {
    if (status.socket) {
      status.socket.send(JSON.stringify({ type: "say", key, text }));
      setTimeout(() => pending.has(key) && post(key, text), ANSWER);
    } else post(key, text);
  }

  async function post(key, text) {
    const body = new FormData(form);
    body.set("key", key);
    body.set("text", text);
    try {
      const answer = await fetch(list.dataset.messages, { method: "POST", body, headers: { Accept: "application/json" } });
      if (answer.ok) await poll();
      else refuse(key, (await answer.json()).title);
      if (answer.ok && status.socket) status.socket.send(JSON.stringify({ type: "after", seq: status.last }));
    } catch {
      setTimeout(() => pending.has(key) && send(key, text), POLL);
    }
  }

  function refuse(key, title) {
    const line = list.querySelector(`[data-pending="${CSS.escape(key)}"]`);
    const meta = line?.querySelector(".bubble__meta");
    if (meta) meta.textContent = title || list.dataset.refused;
    const text = pending.get(key);
    pending.delete(key);
    keep();
    if (text && form && !form.elements.namedItem("text").value) form.elements.namedItem("text").value = text;
  }

  function show(key, text) {
    const line = document.getElementById("talk-pending").content.firstElementChild.cloneNode(true);
    line.dataset.pending = key;
    line.querySelector(".bubble__text").textContent = text;
    list.append(line);
    toEnd();
  }

  if (form) {
    const field = form.elements.namedItem("text");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text) return;
      const key = window.crypto.randomUUID ? window.crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`;
      pending.set(key, text);
      keep();
      show(key, text);
      field.value = "";
      send(key, text);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && window.matchMedia("(pointer: fine)").matches) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    for (const [key, text] of pending) show(key, text);
  }
  // A picture goes by HTTP at once when it is chosen; the line comes back like any other.
  const gallery = document.querySelector("[data-talk-picture]");
  if (gallery) {
    const words = gallery.querySelector("[data-picture-state]");
    const chosen = gallery.elements.namedItem("picture");
    gallery.querySelector("[data-no-script]").remove();
    chosen.addEventListener("change", async () => {
      if (!chosen.files.length) return;
      const body = new FormData(gallery);
      body.set("key", `p-${chosen.files[0].size}-${chosen.files[0].lastModified}`); // the same picture again is the same line
      words.textContent = words.dataset.sending;
      try {
        const answer = await fetch(gallery.action, { method: "POST", body, headers: { Accept: "application/json" } });
        const said = await answer.json();
        words.textContent = answer.ok ? "" : `${said.title} ${said.next_step}`;
        if (answer.ok && status.socket) status.socket.send(JSON.stringify({ type: "after", seq: status.last }));
        else if (answer.ok) await poll();
      } catch {
        words.textContent = words.dataset.failed;
      }
      chosen.value = "";
    });
  }
  connect();
  setInterval(poll, POLL);
  toEnd();
})();
