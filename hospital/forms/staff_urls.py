"""Staff pages of hospital.forms, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from . import desk, views

app_name = "forms_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("forms/", desk.questionnaires, name="questionnaires"),
    path("forms/import/", desk.questionnaire_import, name="import"),
    path("forms/versions/<int:pk>/", desk.version, name="version"),
    path("forms/<int:pk>/", views.staff_response_page, name="response"),
    path("forms/<int:pk>/autosave/", views.staff_autosave, name="autosave"),
]
