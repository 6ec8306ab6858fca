"""What people type on treatment's pages."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hospital.organisation.models import Staff

from .models import Category, TreatmentItem, Way

GRADES = [
    ("", _("none")),
    (1, _("1: mild")),
    (2, _("2: moderate")),
    (3, _("3: severe")),
    (4, _("4: life threatening")),
    (5, _("5: death")),
]


class ExecuteForm(forms.Form):
    """The record of one session."""

    identified_by = forms.MultipleChoiceField(
        label=_("Identified by"),
        help_text=_("Two different features."),
        widget=forms.CheckboxSelectMultiple,
        choices=[
            ("card", _("visit card")),
            ("name", pgettext_lazy("of a person", "name")),
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
    adverse_grade = forms.TypedChoiceField(
        label=_("Grade of the event"),
        help_text=_("By CTCAE. From grade 3 the course is put on hold and the case manager is alarmed."),
        choices=GRADES,
        coerce=int,
        empty_value=None,
        required=False,
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

    def clean(self) -> dict[str, Any]:
        """A graded event says what it was; an event says how grave it was."""
        data = super().clean() or {}
        if data.get("adverse_grade") and not data.get("adverse_event"):
            self.add_error("adverse_event", _("Say what happened."))
        if data.get("adverse_event") and not data.get("adverse_grade"):
            self.add_error("adverse_grade", _("Say how grave it was."))
        return data


class ScreenForm(forms.Form):
    """The questions before a session, one yes or no each (TR-05)."""

    def __init__(self, *args: Any, questions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        for number, question in enumerate(questions):
            self.fields[f"q{number}"] = forms.TypedChoiceField(
                label=question,
                choices=[("no", _("no")), ("yes", _("yes"))],
                coerce=lambda answer: answer == "yes",
                widget=forms.RadioSelect,
            )

    @property
    def answers(self) -> dict[str, bool]:
        return {question: self.cleaned_data[f"q{number}"] for number, question in enumerate(self.questions)}


class ReleaseForm(forms.Form):
    because = forms.CharField(label=_("Why it may go on"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ReviewForm(forms.Form):
    finding = forms.CharField(label=_("Finding"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class CategoryForm(forms.Form):
    category = forms.TypedChoiceField(label=_("How much a pause harms"), choices=Category.choices, coerce=int)


class DecideForm(forms.Form):
    """How lost days are made up for (TR-08)."""

    way = forms.ChoiceField(label=_("Made up for by"), choices=Way.choices)
    words = forms.CharField(label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class DownForm(forms.Form):
    """From when until when a machine gives nothing."""

    starts_at = forms.DateTimeField(
        label=_("Down from"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    ends_at = forms.DateTimeField(
        label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    reason = forms.CharField(label=_("Reason"), max_length=100)


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
    indication = forms.CharField(label=pgettext_lazy("treatment", "Indication"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        item = self.fields["item"]
        assert isinstance(item, forms.ModelChoiceField)
        item.queryset = TreatmentItem.objects.filter(is_active=True).select_related("department").order_by("name")
