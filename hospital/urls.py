"""The map of the house: which prefix belongs to which app."""

from django.contrib import admin
from django.urls import include, path

from hospital import api_docs, health, problem_pages

handler404 = problem_pages.not_found
handler403 = problem_pages.forbidden
handler500 = problem_pages.server_error

_API = ["hospital.people", "hospital.organisation", "hospital.messaging", "hospital.forms", "billing", "emr",
        "appointments", "consult", "treatment", "hospital.interop", "hospital.portal"]  # fmt: skip

urlpatterns = [
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
    path("", include("hospital.portal.urls")),
    path("", include("hospital.people.urls")),
    path("", include("hospital.organisation.urls")),
    path("", include("hospital.audit.urls")),
    path("", include("hospital.messaging.urls")),
    path("", include("hospital.forms.urls")),
    path("", include("billing.urls")),
    path("", include("emr.urls")),
    path("", include("appointments.urls")),
    path("", include("consult.urls")),
    path("", include("treatment.urls")),
    path("", include("hospital.interop.urls")),
    path("staff/", include("hospital.workstation.staff_urls")),
    path("staff/", include("hospital.insight.staff_urls")),
    path("staff/", include("hospital.people.staff_urls")),
    path("staff/", include("hospital.organisation.staff_urls")),
    path("staff/", include("hospital.audit.staff_urls")),
    path("staff/", include("hospital.messaging.staff_urls")),
    path("staff/", include("hospital.forms.staff_urls")),
    path("staff/", include("billing.staff_urls")),
    path("staff/", include("emr.staff_urls")),
    path("staff/", include("appointments.staff_urls")),
    path("staff/", include("consult.staff_urls")),
    path("staff/", include("treatment.staff_urls")),
    path("staff/", include("hospital.interop.staff_urls")),
    *[path("api/v1/", include(f"{app}.api.urls")) for app in _API],
    path("api/schema/", api_docs.SchemaView.as_view(), name="schema"),
    path("api/docs/", api_docs.docs, name="api_docs"),
    path("admin/", admin.site.urls),
]
