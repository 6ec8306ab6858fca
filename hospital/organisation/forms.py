"""What the pages of hospital.organisation accept."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hospital.kit import parameters

from .models import Campus, CodeSystem, PolicyParameter


class ConceptSearchForm(forms.Form):
    system = forms.ChoiceField(choices=CodeSystem.choices)
    q = forms.CharField(max_length=60, required=False)


class CatalogueImportForm(forms.Form):
    """A file of a catalogue; first shown what it would do, then imported."""

    system = forms.ChoiceField(label=_("catalogue"), choices=CodeSystem.choices)
    file = forms.FileField(label=_("file"), help_text=_("CSV in UTF-8 or GB18030, also compressed (.gz)"))
    source = forms.CharField(label=_("source"), max_length=200, help_text=_("where the file is from, which edition"))
    partial = forms.BooleanField(label=_("keep codes that the file doesn't name"), required=False)
    allow_retire = forms.BooleanField(
        label=_("the file is complete, retire what it doesn't name even if it is much"), required=False
    )


class ParameterForm(forms.ModelForm[PolicyParameter]):
    """The value of a declared parameter; its kind decides how the value is read."""

    name = forms.ChoiceField(label=_("parameter"))
    campus = forms.ModelChoiceField(
        Campus.objects.all(), required=False, label=_("campus"), empty_label=_("the whole hospital")
    )
    value = forms.CharField(
        label=_("value"),
        help_text=_("a number, a text, true or false, or a list such as [1, 2], as the parameter asks"),
    )

    class Meta:
        model = PolicyParameter
        fields = ("name", "campus", "value", "source", "effective_from", "effective_to")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].choices = [  # type: ignore[attr-defined]
            (name, f"{parameter.title or name} ({name})") for name, parameter in sorted(parameters.declared().items())
        ]
        if self.instance.pk:
            self.initial["value"] = _as_text(self.instance.value)

    def clean_value(self) -> Any:
        text = self.cleaned_data["value"].strip()
        declared = parameters.declared().get(self.cleaned_data.get("name", ""))
        if declared is not None and declared.kind is str:
            return text
        try:
            return json.loads(text.lower() if text.lower() in {"true", "false"} else text)
        except ValueError:
            return text  # the policy names the kind that was expected


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
