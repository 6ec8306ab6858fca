"""The Django admin of the house: its own site, open to administrators who proved a second factor (SEC-01)."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    default_site = "hospital.administration_site.HospitalAdminSite"
