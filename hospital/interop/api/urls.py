"""HTTP API of hospital.interop, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "interop_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("fhir/Patient/<int:pk>", views.FhirPatient.as_view(), name="fhir_patient"),
    path("fhir/Observation", views.FhirObservations.as_view(), name="fhir_observations"),
]
