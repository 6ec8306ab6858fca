"""Writes of hospital.organisation."""

from .care import care_relation_open
from .catalogues import ImportResult, carried_load, catalogue_import, catalogue_preview, concept_save
from .parameters import parameter_set
from .people import admin_right_follow, post_close, post_open, staff_hire, staff_join

__all__ = [
    "ImportResult",
    "admin_right_follow",
    "care_relation_open",
    "carried_load",
    "catalogue_import",
    "catalogue_preview",
    "concept_save",
    "parameter_set",
    "post_close",
    "post_open",
    "staff_hire",
    "staff_join",
]
