"""The payer's phone in the demo: what WeChat shows before and after the money moves."""

import html
from typing import Any

from .bills import yuan

_STYLE = """
body{margin:0;font:17px/1.5 "PingFang SC","Noto Sans CJK SC",sans-serif;background:#ededed;color:#191919;text-align:center}
main{max-width:420px;margin:0 auto;padding:48px 24px}.who{font-size:15px}.sum{font-size:48px;font-weight:600;margin:8px 0 32px}
dl{background:#fff;border-radius:8px;padding:8px 16px;text-align:left}div.row{display:flex;justify-content:space-between;padding:8px 0}
dt{color:#737373}dd{margin:0}button,a.button{display:block;width:100%;box-sizing:border-box;margin-top:40px;border:0;
border-radius:8px;padding:14px;font:inherit;font-weight:600;background:#07823e;color:#fff;text-decoration:none}
.done{font-size:56px;color:#07823e}.note{color:#737373;font-size:13px;margin-top:32px}
"""


def page(order: dict[str, Any], back: str, *, now: float) -> str:
    """The phone's screen for an order in its present state."""
    amount, title = yuan(order["total"]), html.escape(order["description"] or "")
    if order["state"] in {"SUCCESS", "REFUND"}:
        middle = f'<p class="done" aria-hidden="true">✓</p><h1>支付成功</h1><p class="sum">¥{amount}</p>'
        middle += f'<a class="button" href="{html.escape(back)}">返回商家</a>' if back else "<p>请返回商家页面</p>"
    elif order["state"] == "CLOSED" or order["expires"] <= now:
        middle = "<h1>订单已关闭</h1><p>请返回商家重新下单</p>"
    else:
        middle = (
            f'<h1 class="who">向互联网医院付款</h1><p class="sum">¥{amount}</p>'
            f'<dl><div class="row"><dt>商品</dt><dd>{title}</dd></div>'
            f'<div class="row"><dt>商户单号</dt><dd>{html.escape(order["number"])}</dd></div></dl>'
            f'<form method="post"><input type="hidden" name="back" value="{html.escape(back)}"><button>支付</button></form>'
        )
    return (
        "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'><title>微信支付（演示）</title>"
        f"<style>{_STYLE}</style></head><body><main>{middle}<p class='note'>演示环境，不会真的扣款</p></main></body></html>"
    )
