"""Forms of hospital.people: what is asked, in which words."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import DocumentType, Relation

_CODE = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 12})


class PhoneForm(forms.Form):
    phone = forms.CharField(
        label=_("Mobile number"),
        help_text=_("We send a code to this number. New here? The same code signs you up."),
        max_length=24,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel-national", "inputmode": "tel"}),
    )


class CodeForm(forms.Form):
    phone = forms.CharField(max_length=24, widget=forms.HiddenInput)
    code = forms.CharField(label=_("Code from the message"), max_length=12, widget=_CODE)


class PasswordForm(forms.Form):
    """`staff` asks for the staff number instead of the phone."""

    name = forms.CharField(label=_("Mobile number"), max_length=64)
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, staff: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if staff:
            self.fields["name"].label = _("Staff number")
        self.fields["name"].widget.attrs["autocomplete"] = "username"


class SecondFactorForm(forms.Form):
    token = forms.CharField(label=_("Code of your authenticator"), max_length=24, widget=_CODE)


class NewPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 10 characters, not only digits."),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class FamilyForm(forms.Form):
    """Name, document, relation, phone. Sex and birth date are read from the number where it says them."""

    relation = forms.ChoiceField(label=_("Who is it?"), choices=Relation.choices, widget=forms.RadioSelect)
    name = forms.CharField(label=_("Name"), help_text=_("As on the identity document."), max_length=60)
    document_type = forms.ChoiceField(label=_("Document"), choices=DocumentType.choices)
    document_no = forms.CharField(
        label=_("Document number"),
        help_text=_("The law asks hospitals for real names. A child uses the child's own document."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    birth_date = forms.DateField(
        label=_("Date of birth"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("Only for documents whose number doesn't say it."),
    )  # fmt: skip
    sex = forms.ChoiceField(
        label=_("Sex"), required=False, choices=[("", "—"), ("2", _("female")), ("1", _("male"))],
        help_text=_("Only for documents whose number doesn't say it."),
    )  # fmt: skip
    phone = forms.CharField(
        label=_("This person's mobile number"),
        required=False,
        help_text=_("We ask this person by a code. Leave it empty for yourself and for a child under 14."),
        max_length=24,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}),
    )
    consent = forms.BooleanField(
        label=_("I may act for this person, who knows and agrees that the hospital keeps these data to treat them.")
    )
