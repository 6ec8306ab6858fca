"""What is typed on billing's staff pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import ReconCase


class DeskSearch(forms.Form):
    card = forms.CharField(label=_("Visit card or record number"), max_length=300, strip=True)


class CaseProposal(forms.Form):
    action = forms.ChoiceField(label=_("What to do"), choices=ReconCase.Action.choices)
    note = forms.CharField(label=_("Why"), max_length=300, required=False)


class BillUpload(forms.Form):
    file = forms.FileField(label=_("Bill of WeChat Pay (CSV or gzip)"))


class Reason(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=80)
