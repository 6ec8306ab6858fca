"""The payer's phone in the demo: what Alipay shows before and after the money moves."""

import html
from typing import Any

from ...wechat.sandbox.bills import yuan
from ...wechat.sandbox.phone import _STYLE


def page(order: dict[str, Any], *, now: float) -> str:
    """The phone's screen for a trade in its present state."""
    amount, title, back = yuan(order["total"]), html.escape(order["subject"] or ""), order["return_url"] or ""
    if order["success_at"]:
        middle = f'<p class="done" aria-hidden="true">✓</p><h1>付款成功</h1><p class="sum">¥{amount}</p>'
        middle += f'<a class="button" href="{html.escape(back)}">完成</a>' if back else "<p>请返回商家页面</p>"
    elif order["state"] == "TRADE_CLOSED" or order["expires"] <= now:
        middle = "<h1>交易已关闭</h1><p>请返回商家重新下单</p>"
    else:
        middle = (
            f'<h1 class="who">支付宝 · 向互联网医院付款</h1><p class="sum">¥{amount}</p>'
            f'<dl><div class="row"><dt>订单信息</dt><dd>{title}</dd></div>'
            f'<div class="row"><dt>商户单号</dt><dd>{html.escape(order["number"])}</dd></div></dl>'
            f'<form method="post" action="{html.escape(order["phone_url"])}"><button>确认付款</button></form>'
        )
    style = _STYLE.replace("#07823e", "#1452cc")
    return (
        "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'><title>支付宝（演示）</title>"
        f"<style>{style}</style></head><body><main>{middle}<p class='note'>演示环境，不会真的扣款</p></main></body></html>"
    )
