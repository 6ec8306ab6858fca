"""Patient pages of billing."""

from django.urls import URLPattern, URLResolver, path

from .channels.alipay import views as alipay
from .channels.insurance import views as insurance
from .channels.unionpay import views as unionpay
from .channels.wechat import views as wechat
from .views import bills, insured, pay, prices, receipts

app_name = "billing"
urlpatterns: list[URLPattern | URLResolver] = [
    path("prices/", prices.price_list, name="prices"),
    path("pay/", pay.pay, name="pay"),
    path("pay/<ids:charge_ids>/", pay.pay_some, name="pay_some"),
    path("pay/orders/<str:number>/", pay.order_page, name="order"),
    path("pay/orders/<str:number>/state/", pay.order_state, name="order_state"),
    path("pay/orders/<str:number>/prepare/", pay.order_prepare, name="order_prepare"),
    path("pay/orders/<str:number>/insured/", insured.consent_back, name="insured_back"),
    path("pay/orders/<str:number>/insured/again/", insured.split_again, name="insured_again"),
    path("pay/orders/<str:number>/insured/settle/", insured.settle, name="insured_settle"),
    path("pay/notify/wechat/", wechat.notify, name="notify_wechat"),
    path("pay/notify/alipay/", alipay.notify, name="notify_alipay"),
    path("pay/notify/unionpay/", unionpay.notify, name="notify_unionpay"),
    path("pay/back/unionpay/", unionpay.back, name="back_unionpay"),
    path("pay/notify/insurance/", insurance.notify, name="notify_insurance"),
    path("receipts/<str:number>/", receipts.receipt, name="receipt"),
    path("receipts/<str:number>/pdf/", receipts.receipt_pdf, name="receipt_pdf"),
    path("receipts/check/<str:code>/<str:ticket>/<str:check_code>/", receipts.receipt_check, name="receipt_check"),
    path("bills/", bills.bills, name="bills"),
    path("bills/<str:number>/", bills.bill, name="bill"),
]
