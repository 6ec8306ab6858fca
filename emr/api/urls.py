"""HTTP API of emr, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "emr_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("reports/", views.Reports.as_view(), name="reports"),
    path("reports/<int:pk>/", views.ReportOne.as_view(), name="report"),
    path("orders/", views.Orders.as_view(), name="orders"),
    path("orders/<int:pk>/", views.OrderOne.as_view(), name="order"),
    path("prescriptions/", views.Prescriptions.as_view(), name="prescriptions"),
]
