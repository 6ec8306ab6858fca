"""The payer's phone in the demo: UnionPay's page before and after the money moves."""

import html
from collections.abc import Mapping
from typing import Any

from ...wechat.sandbox.bills import yuan
from ...wechat.sandbox.phone import _STYLE


def page(order: dict[str, Any], back: Mapping[str, str] | None, *, now: float) -> str:
    """The phone's screen for an order in its present state; `back` is the form by which the browser returns."""
    amount, title = yuan(order["total"]), html.escape(order["title"] or "")
    if order["success_at"]:
        middle = f'<p class="done" aria-hidden="true">✓</p><h1>支付成功</h1><p class="sum">¥{amount}</p>'
        if back and order["front_url"]:
            hidden = "".join(
                f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
                for name, value in back.items()
            )
            middle += f'<form method="post" action="{html.escape(order["front_url"])}">{hidden}<button>返回商户</button></form>'
        else:
            middle += "<p>请返回商家页面</p>"
    elif order["expires"] <= now:
        middle = "<h1>订单已超时</h1><p>请返回商户重新下单</p>"
    else:
        row = f'<div class="row"><dt>订单信息</dt><dd>{title}</dd></div>' if title else ""
        middle = (
            f'<h1 class="who">银联在线支付 · 向互联网医院付款</h1><p class="sum">¥{amount}</p>'
            f'<dl>{row}<div class="row"><dt>订单号</dt><dd>{html.escape(order["number"])}</dd></div></dl>'
            f'<form method="post" action="{html.escape(order["phone_url"])}"><button>确认付款</button></form>'
        )
    style = _STYLE.replace("#07823e", "#b3122b")
    return (
        "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'><title>银联在线支付（演示）</title>"
        f"<style>{style}</style></head><body><main>{middle}<p class='note'>演示环境，不会真的扣款</p></main></body></html>"
    )
