"""Patient pages of billing."""

from django.urls import URLPattern, URLResolver, path

from .channels.wechat import views as wechat

app_name = "billing"
urlpatterns: list[URLPattern | URLResolver] = [
    path("pay/notify/wechat/", wechat.notify, name="notify_wechat"),
]
