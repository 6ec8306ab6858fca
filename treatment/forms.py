"""What people type on treatment's pages."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from hospital.organisation.models import Staff

from .models import TreatmentItem


class ExecuteForm(forms.Form):
    """The record of one session."""

    identified_by = forms.MultipleChoiceField(
        label=_("Identified by"),
        help_text=_("Two different features."),
        widget=forms.CheckboxSelectMultiple,
        choices=[
            ("card", _("visit card")),
            ("name", _("name")),
            ("birth_date", _("date of birth")),
            ("phone", _("phone")),
        ],
    )
    second_therapist = forms.ModelChoiceField(
        label=_("Second therapist"), queryset=Staff.objects.none(), required=False
    )
    dose_cgy = forms.IntegerField(label=_("Dose (cGy)"), min_value=1, max_value=3000, required=False)
    remark = forms.CharField(
        label=_("Remark"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    adverse_event = forms.CharField(
        label=_("Adverse event"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Leave empty if there was none; the doctor is told at once."),
    )

    def __init__(self, *args: Any, colleagues: QuerySet[Staff], two_therapists: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if two_therapists:
            second = self.fields["second_therapist"]
            assert isinstance(second, forms.ModelChoiceField)
            second.queryset = colleagues
            second.required = True
        else:
            del self.fields["second_therapist"]


class CardForm(forms.Form):
    token = forms.CharField(
        label=_("Visit card"),
        max_length=200,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text=_("Scan the code of the visit card, or type the card number."),
    )


class AlarmForm(forms.Form):
    what_was_done = forms.CharField(label=_("What was done"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class StopForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class OrderForm(forms.Form):
    """A doctor orders so many sessions of one item."""

    item = forms.ModelChoiceField(label=_("Treatment"), queryset=TreatmentItem.objects.none())
    sessions = forms.IntegerField(label=_("How many sessions"), min_value=1, max_value=60)
    indication = forms.CharField(label=_("Indication"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        item = self.fields["item"]
        assert isinstance(item, forms.ModelChoiceField)
        item.queryset = TreatmentItem.objects.filter(is_active=True).select_related("department").order_by("name")
