"""Staff pages of hospital.organisation, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from . import account_views, views

app_name = "organisation_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("concepts/", views.concepts, name="concepts"),
    path("accounts/", account_views.staff_accounts, name="accounts"),
    path("accounts/<int:pk>/change/", account_views.account_change, name="account_change"),
    path("accounts/resets/<int:pk>/", account_views.reset_decide, name="reset_decide"),
    path("parameters/", views.parameters, name="parameters"),
]
