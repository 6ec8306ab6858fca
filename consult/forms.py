"""Forms of the pages of consult."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hospital.kit import clock
from hospital.kit.pictures import ACCEPT

from .models import EndCode, EvidenceKind


class ShownForm(forms.Form):
    """Another hospital's record, when ours knows no diagnosis (IH-01)."""

    kind = forms.ChoiceField(
        label=_("What do you have?"), widget=forms.RadioSelect,
        choices=[choice for choice in EvidenceKind.choices if choice[0] != EvidenceKind.OWN],
    )  # fmt: skip
    display = forms.CharField(label=_("Diagnosis, as it is written there"), max_length=300)
    hospital = forms.CharField(label=_("Hospital"), max_length=100)
    diagnosed_on = forms.DateField(label=_("Date"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    file = forms.FileField(
        label=_("Photo of the page"),
        help_text=_("JPEG, PNG or WebP, up to 10 MB"),
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
    )

    def clean_diagnosed_on(self) -> Any:
        day = self.cleaned_data["diagnosed_on"]
        if day > clock.today():
            raise forms.ValidationError(_("This day hasn't come yet."))
        return day


class EndForm(forms.Form):
    code = forms.ChoiceField(
        label=_("Reason"), choices=[choice for choice in EndCode.choices if choice[0] != EndCode.SILENT]
    )
    note = forms.CharField(
        label=_("What the patient should do now"), max_length=500, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class DeclineForm(EndForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [choice for choice in EndCode.choices if choice[0] not in (EndCode.SILENT, EndCode.DONE)]
