// The cashier page. Without this file everything still works: the next page shows the amount before anything is paid.

// The total follows the ticked bills; amounts are whole fen.
const form = document.querySelector("[data-pay-sum]");
const shown = document.querySelector("[data-pay-total]");
if (form && shown) {
  const update = () => {
    let fen = 0;
    for (const box of form.querySelectorAll("input[data-fen]:checked")) fen += Number(box.dataset.fen);
    const yuan = Math.floor(fen / 100).toLocaleString("en-US");
    shown.textContent = `¥${yuan}.${String(fen % 100).padStart(2, "0")}`;
  };
  form.addEventListener("change", update);
  update();
}

// Inside WeChat: its own bridge takes the signed order and shows the payment sheet.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-jsapi]");
  if (!button || !window.WeixinJSBridge) return;
  const verb = button.dataset.bridge || "getBrandWCPayRequest"; // another one for medical insurance
  window.WeixinJSBridge.invoke(verb, JSON.parse(button.dataset.jsapi), () => window.location.reload());
});
