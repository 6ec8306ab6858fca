"""The form by which an administrator brings a questionnaire in."""

import json
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.utils.translation import gettext_lazy as _

MAX_FILE = 1024 * 1024


class ImportForm(forms.Form):
    file = forms.FileField(label=_("File"), required=False, help_text=_("JSON: FHIR R4 or STU3, alone or in a Bundle"))
    text = forms.CharField(label=_("or its text"), required=False, widget=forms.Textarea(attrs={"rows": 8}))
    name = forms.CharField(
        label=_("Canonical name"), max_length=80, required=False, validators=[validate_slug],
        help_text=_("Lower case and hyphens, e.g. followup-breast; taken from the file when empty"),
    )  # fmt: skip
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    weights_from_codes = forms.BooleanField(label=_("Numeric codes of the options are their points"), required=False)
    sum_into = forms.CharField(
        label=_("Item that is the sum of all points"), max_length=200, required=False, help_text=_("its linkId")
    )
    note = forms.CharField(label=_("What changed"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        upload, text = data.get("file"), data.get("text") or ""
        if upload and upload.size > MAX_FILE:
            raise forms.ValidationError(_("This file is too large."))
        raw = upload.read().decode("utf-8", errors="replace") if upload else text
        if not raw.strip():
            raise forms.ValidationError(_("Choose a file or paste its text."))
        try:
            data["resource"] = json.loads(raw)
        except (ValueError, RecursionError):
            raise forms.ValidationError(_("This isn't JSON.")) from None
        data["text"] = raw
        return data
