"""Patient pages of emr."""

from django.urls import URLPattern, URLResolver, path

from .views import patient, patient_orders

app_name = "emr"
urlpatterns: list[URLPattern | URLResolver] = [
    path("reports/", patient.reports, name="reports"),
    path("reports/<int:pk>/", patient.report, name="report"),
    path("reports/<int:pk>/pdf/", patient.report_pdf, name="report_pdf"),
    path("orders/", patient_orders.orders, name="orders"),
    path("orders/<int:pk>/", patient_orders.order, name="order"),
    path("prescriptions/", patient.prescriptions, name="prescriptions"),
    path("prescriptions/<int:pk>/", patient.prescription, name="prescription"),
    path("prescriptions/<int:pk>/delivery/", patient.delivery, name="delivery"),
    path("prescriptions/<int:pk>/arrived/", patient.arrived, name="arrived"),
]
