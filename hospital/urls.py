"""The map of the house: which prefix belongs to which app."""

from django.contrib import admin
from django.urls import include, path

from hospital import api_docs, health, problem_pages

handler404 = problem_pages.not_found
handler403 = problem_pages.forbidden
handler500 = problem_pages.server_error

# One prefix each, so that finding the view of a request doesn't try the doors of the whole house; appointments' API first,
# because it has the rush (benchmarks/rush.py).
_API = ["appointments", "hospital.people", "hospital.organisation", "hospital.messaging", "hospital.forms", "billing", "emr",
        "consult", "treatment", "hospital.interop", "hospital.portal"]  # fmt: skip
_STAFF = [
    "hospital.workstation",
    "hospital.insight",
    "hospital.people",
    "hospital.organisation",
    "hospital.audit",
    "hospital.messaging",
    "hospital.forms",
    "billing",
    "emr",
    "appointments",
    "consult",
    "treatment",
    "hospital.interop",
]

urlpatterns = [
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
    path("api/v1/", include([path("", include(f"{app}.api.urls")) for app in _API])),
    path("staff/", include([path("", include(f"{app}.staff_urls")) for app in _STAFF])),
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
    path("api/schema/", api_docs.SchemaView.as_view(), name="schema"),
    path("api/docs/", api_docs.docs, name="api_docs"),
    path("admin/", admin.site.urls),
]
