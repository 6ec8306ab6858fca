"""Patient pages of treatment."""

from django.urls import path

from .views import patient

app_name = "treatment"
urlpatterns = [
    path("treatment/", patient.course_list, name="list"),
    path("treatment/<int:pk>/", patient.course_page, name="course"),
    path("treatment/<int:pk>/consent/", patient.consent, name="consent"),
    path("treatment/<int:pk>/place/", patient.place, name="place"),
    path("treatment/<int:pk>/slip/", patient.slip, name="slip"),
    path("treatment/<int:pk>/slip.pdf", patient.slip_pdf, name="slip_pdf"),
    path("treatment/sessions/<int:pk>/move/", patient.move, name="move"),
    path("follow-up/", patient.follow_up_list, name="follow_up"),
]
