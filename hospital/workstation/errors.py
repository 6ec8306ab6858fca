"""Refusals of hospital.workstation."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Invalid, Problem, TooMany


class NobodyFound(Invalid):
    code = "SEC-10-nobody"
    title = _("Nobody has this number")
    next_step = _("Enter a whole record, document or mobile number, digit by digit.")


class SearchesTooMany(TooMany):
    code = "SEC-10-searches"
    title = _("Too many searches")
    next_step = _("Please wait, or call the records office.")


class SearchStale(Problem):
    code = "SEC-10-search-stale"
    title = _("This search is too old")
    next_step = _("Search for the patient again.")


class AlreadyInCare(Problem):
    code = "SEC-10-in-care"
    title = _("This patient is in your care already")
    next_step = _("Open the record from your patients.")


class OwnReview(Problem):
    code = "SEC-10-own"
    title = _("Nobody reviews what they opened themselves")
    next_step = _("The auditor or another head of the department reviews it.")
