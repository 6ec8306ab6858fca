"""Refusals of hospital.organisation."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Problem

from .catalogues.reading import RowError


class CatalogueRefused(Problem):
    """Lines of the file can't be read; nothing came in. `errors` names each of them."""

    code = "catalogue-refused"
    status = 422
    title = _("This file can't be imported: %(count)d lines are wrong")
    next_step = _("Correct the lines and import the file again; the catalogue is as it was.")

    def __init__(self, errors: Sequence[RowError]) -> None:
        self.errors = list(errors)
        super().__init__(count=len(self.errors))

    def as_dict(self) -> dict[str, Any]:
        rows = [{"line": error.line, "reason": error.reason} for error in self.errors]
        return super().as_dict() | {"errors": rows}


class CatalogueShrinks(Problem):
    """So many codes are missing from the file that it is more likely cut off than a new edition."""

    code = "catalogue-shrinks"
    status = 422
    title = _("This file would retire %(retired)d of %(active)d codes")
    next_step = _("Check that the file is complete; if it is, confirm the retirement.")
    hard = False


class OnlineWorkRefused(Problem):
    """IH-05: the doctor may not work online. One subclass for each reason."""

    code = "IH-05"
    status = 409
    title = _("This doctor may not work online")
    next_step = _("Ask the medical affairs office to complete the doctor's file.")


class NoLicence(OnlineWorkRefused):
    code = "IH-05-licence"
    title = _("The doctor has no licence number on file")


class WrongScope(OnlineWorkRefused):
    code = "IH-05-scope"
    title = _("The doctor's licensed scope doesn't match the department")


class TooFewYears(OnlineWorkRefused):
    code = "IH-05-years"
    title = _("The doctor has practised independently for less than %(years)d years")


class NoConsent(OnlineWorkRefused):
    code = "IH-05-consent"
    title = _("The hospital has not agreed to this doctor's online work")


class Suspended(OnlineWorkRefused):
    code = "IH-05-suspended"
    title = _("The doctor is suspended")
    next_step = _("Only the medical affairs office can lift the suspension.")


class NoPost(OnlineWorkRefused):
    code = "IH-05-post"
    title = _("The doctor has no post as a doctor today")


class StaffNumberTaken(Problem):
    code = "staff-number-taken"
    status = 409
    title = _("This staff number or login name is already in use")
    next_step = _("Choose another one, or open the existing member of staff.")


class ParameterRefused(Problem):
    code = "G-1-parameter"
    status = 422
    title = _("This value doesn't fit the parameter")
    next_step = _("Look at the kind and the unit of the parameter and enter the value again.")


class ParameterOverlaps(ParameterRefused):
    code = "G-1-overlap"
    title = _("Another value holds in this time")
    next_step = _("End the other value first, or choose other days.")


class ParameterUnknown(ParameterRefused):
    code = "G-1-unknown"
    title = _("No rule of this house reads such a parameter")
    next_step = _("Choose one of the declared parameters.")


NEGATIVE = _("The value must not be negative.")
EMPTY_TIME = _("The end must be after the beginning.")


def wrong_kind(kind: str) -> str:
    names = {"int": _("a whole number"), "str": _("a text"), "bool": _("true or false"), "list": _("a list")}
    return _("The value must be %(kind)s.") % {"kind": names.get(kind, kind)}
