"""Forms of emr's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import ProblemStatus, ReviewOutcome

REVIEW_POINTS = (
    ("skin_test", _("Skin test")),
    ("diagnosis", _("Drug and diagnosis")),
    ("dose", _("Dose and usage")),
    ("route", _("Form and route")),
    ("duplicate", _("Duplicate drug")),
    ("interaction", _("Interaction or incompatibility")),
    ("other", _("Other")),
)


class DeliveryForm(forms.Form):
    """How the drugs reach the patient (IH-21)."""

    way = forms.ChoiceField(
        label=_("How do you want to get the drugs?"),
        choices=[("pickup", _("Fetch them at the hospital's pharmacy")), ("courier", _("Have them sent"))],
        widget=forms.RadioSelect,
    )
    recipient = forms.CharField(label=_("Recipient"), max_length=40, required=False)
    phone = forms.RegexField(
        label=_("Phone"), regex=r"^[+0-9 \-]{6,20}$", max_length=20, required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )  # fmt: skip
    address = forms.CharField(
        label=_("Address"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReleaseForm(forms.Form):
    comment = forms.CharField(
        label=_("A word to the patient"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class HandledForm(forms.Form):
    handled = forms.CharField(
        label=_("What was done about the critical value"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReviewForm(forms.Form):
    """RX-09: what the pharmacist decides, and what was objected to."""

    outcome = forms.ChoiceField(label=_("Decision"), choices=ReviewOutcome.choices, widget=forms.HiddenInput)
    findings = forms.MultipleChoiceField(
        label=_("Objections"), choices=REVIEW_POINTS, required=False, widget=forms.CheckboxSelectMultiple
    )
    comment = forms.CharField(
        label=_("Reason for the doctor"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class SendForm(forms.Form):
    courier = forms.CharField(label=_("Courier"), max_length=40)
    tracking_no = forms.CharField(label=_("Tracking number"), max_length=40)


class ProblemForm(forms.Form):
    """Which line of the problem list, and what it becomes."""

    problem = forms.IntegerField()
    status = forms.ChoiceField(choices=ProblemStatus.choices)


def words(data: Any, name: str) -> str:
    """A single text of a posted form, trimmed."""
    return str(data.get(name, "")).strip()
