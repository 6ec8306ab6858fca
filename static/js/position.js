// Check-in by phone: the position is read when the button is touched, sent once, and not kept.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-position]");
  if (!form || form.elements.latitude.value) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const send = (position) => {
    if (position) {
      for (const name of ["latitude", "longitude", "accuracy"]) form.elements[name].value = position.coords[name];
    }
    form.submit(); // without a position the server says what to do instead
  };
  if (!navigator.geolocation) send(null);
  else navigator.geolocation.getCurrentPosition(send, () => send(null), { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
});
