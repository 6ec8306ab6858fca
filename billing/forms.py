"""What is typed on billing's staff pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hospital.kit.money import parse_yuan

from .models import Difference, ReconCase
from .reporting import worklist


class DeskSearch(forms.Form):
    card = forms.CharField(label=_("Visit card or record number"), max_length=300, strip=True)


class CaseProposal(forms.Form):
    action = forms.ChoiceField(label=_("What to do"), choices=ReconCase.Action.choices)
    note = forms.CharField(label=_("Why"), max_length=300, required=False)


class CaseSieve(forms.Form):
    """Which differences to show; the channels that have bills, and who works on some, come from the view."""

    state = forms.ChoiceField(label=_("State"), choices=list(worklist.STATES.items()), required=False)
    difference = forms.ChoiceField(label=_("Class"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    owner = forms.ChoiceField(label=_("Works on it"), required=False)
    age = forms.ChoiceField(label=_("Days open"), required=False)
    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, data: Any, *, channels: list[tuple[str, Any]], owners: list[tuple[int, str]]) -> None:
        super().__init__(data)
        whoever = [(worklist.MINE, _("me")), (worklist.NOBODY, _("nobody"))]
        choices: dict[str, list[tuple[str, Any]]] = {
            "difference": [(kind.value, f"{kind.value} {kind.label}") for kind in Difference],
            "channel": channels,
            "owner": [*whoever, *((str(pk), name) for pk, name in owners)],
            "age": [(code, label) for code, (label, _least, _most) in worklist.AGES.items()],
        }
        for name, known in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("all")), *known]
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"


class BillUpload(forms.Form):
    file = forms.FileField(label=_("Bill or fund flow of the channel (CSV, gzip or zip)"))


class BankCreditForm(forms.Form):
    amount = forms.DecimalField(label=_("Amount in yuan"), max_digits=14, decimal_places=2)
    reference = forms.CharField(label=_("Bank's reference"), max_length=64)
    credited_on = forms.DateField(
        label=_("Credited on"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


class ReopenForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)


class Reason(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=80)


class YuanField(forms.CharField):
    """An amount in yuan, cleaned to fen."""

    def clean(self, value: Any) -> int:
        text = super().clean(value)
        try:
            return parse_yuan(text)
        except ValueError as error:
            raise forms.ValidationError(_("Type an amount in yuan, for example 1250.50."), code="invalid") from error


class ShiftBegin(forms.Form):
    float_yuan = YuanField(label=_("Change in the drawer (yuan)"), max_length=12)


class ShiftCount(forms.Form):
    cash = YuanField(label=_("Counted in the drawer (yuan)"), max_length=12)
    card = YuanField(label=_("Total of the terminal: cards and digital yuan (yuan)"), max_length=12)
    reason = forms.CharField(label=_("Reason of a difference"), max_length=200, required=False)


class Slip(forms.Form):
    slip = forms.CharField(label=_("Reference number on the slip"), max_length=12, required=False)
    terminal = forms.CharField(label=_("Terminal"), max_length=8, required=False)
