"""Patient pages of hospital.people."""

from django.urls import URLPattern, URLResolver, path

from .views import card, family, security, sign_in, trail

app_name = "people"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/code/", sign_in.sign_in_code, name="sign_in_code"),
    path("sign-in/password/", sign_in.sign_in_password, name="sign_in_password"),
    path("sign-in/wechat/", sign_in.wechat_go, name="wechat"),
    path("sign-in/wechat/back/", sign_in.wechat_back, name="wechat_back"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("confirm/", security.confirm, name="confirm"),
    path("confirm/code/", security.confirm_code, name="confirm_code"),
    path("family/", family.family, name="family"),
    path("family/add/", family.family_add, name="family_add"),
    path("family/<int:pk>/remove/", family.family_revoke, name="family_revoke"),
    path("card/", card.card, name="card"),
    path("card/<int:patient_id>/qr/", card.card_qr, name="card_qr"),
    path("record-access/", trail.record_access, name="record_access"),
    path("security/", security.security, name="security"),
    path("security/wechat/unbind/", security.wechat_unbind, name="wechat_unbind"),
    path("security/password/", security.password, name="password"),
    path("security/sign-out-everywhere/", security.sign_out_everywhere, name="sign_out_everywhere"),
]
