"""Staff pages of hospital.people, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from .views import family, programs, sign_in, staff_sign_in, trail

app_name = "people_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", staff_sign_in.staff_sign_in, name="sign_in"),
    path("sign-in/second/", staff_sign_in.second_factor, name="second_factor"),
    path("sign-in/enrol/", staff_sign_in.enrol, name="enrol"),
    path("identity/", family.desk, name="desk"),
    path("programs/", programs.programs, name="programs"),
    path("programs/<int:pk>/end/", programs.program_end, name="program_end"),
    path("audit/", trail.audit_trail, name="audit_trail"),
    path("audit/export/", trail.audit_export, name="audit_export"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
]
