"""Reads of hospital.organisation."""

from .actors import actor_for, cares_for, patient_actor
from .concepts import concept, concept_search, concepts_by_code
from .laboratory import lab_flag, lab_item, lab_range
from .parameters import ParameterLine, parameter_lines, parameter_values
from .staff import staff_search

__all__ = [
    "ParameterLine",
    "actor_for",
    "cares_for",
    "concept",
    "concept_search",
    "concepts_by_code",
    "lab_flag",
    "lab_item",
    "lab_range",
    "parameter_lines",
    "parameter_values",
    "patient_actor",
    "staff_search",
]
