"""Forms of the workstation."""

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import EmergencyReason
from .states import ReviewStatus

_WORDS = forms.Textarea(attrs={"rows": 3})


UNMASK_REASONS = [
    ("call", _("to call the patient")),
    ("check", _("to check who the patient is")),
    ("paper", _("to fill in a document")),
    ("other", _("another reason")),
]


class NumberForm(forms.Form):
    text = forms.CharField(
        label=_("Record, document or mobile number"),
        help_text=_("The whole number. Names and parts of numbers find nobody."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input"}),
    )


class OpenForm(forms.Form):
    """Why, and who you are once more (SEC-01)."""

    found = forms.CharField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=_("Reason"), choices=EmergencyReason.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("In own words"), help_text=_("Shown to the patient and to whoever reviews it."),
        min_length=4, max_length=300, widget=_WORDS,
    )  # fmt: skip
    token = forms.CharField(
        label=_("Code of your authenticator"), max_length=24,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )  # fmt: skip


class ReviewForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Judgement"),
        choices=[(value, label) for value, label in ReviewStatus.choices if value != ReviewStatus.WAITING],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(label=_("Why"), min_length=2, max_length=300, widget=_WORDS)


class UnmaskForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Why do you need it?"),
        choices=UNMASK_REASONS,
    )
