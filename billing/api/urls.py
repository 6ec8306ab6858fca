"""HTTP API of billing, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "billing_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("prices/", views.Prices.as_view(), name="prices"),
    path("charges/", views.Charges.as_view(), name="charges"),
    path("charges/<str:number>/", views.ChargeOne.as_view(), name="charge"),
    path("pay-orders/", views.PayOrders.as_view(), name="pay_orders"),
    path("pay-orders/<str:number>/", views.PayOrderOne.as_view(), name="pay_order"),
]
