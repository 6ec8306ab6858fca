"""The page that shows every component once, with invented content; exists on demo installations only."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from hospital.kit import clock
from hospital.kit.access import public
from hospital.kit.problems import NotFound


class SampleForm(forms.Form):
    phone = forms.CharField(label=_("Mobile number"), help_text=_("We send a code to this number."), max_length=11)
    relation = forms.ChoiceField(
        label=_("Relation"), choices=[("self", _("myself")), ("parent", _("parent"))], widget=forms.RadioSelect
    )
    note = forms.CharField(label=_("Anything else?"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agree = forms.BooleanField(label=_("I have read and agree to the notice"))


def _sample() -> dict[str, Any]:
    now = clock.now()
    return {
        "form": SampleForm(),
        "bad_form": SampleForm({"phone": "", "note": "…"}, auto_id="bad_%s"),
        "in_a_while": now + timedelta(minutes=14, seconds=30),
        "step_labels": [_("Doctor"), _("Time"), _("Confirm"), _("Pay")],
        "pairs": [(_("Department"), "乳腺内科"), (_("Doctor"), "林知夏 主任医师"), (_("Fee"), "¥60.00")],
        "stations": [
            {"title": _("Booked"), "at": now - timedelta(days=2), "state": "done"},
            {"title": _("Waiting"), "at": now, "state": "now", "text": "前面还有 3 人"},
            {"title": _("Visit"), "state": "todo"},
        ],
        "points": [("9-12", 4.1), ("10-08", 3.6), ("10-30", 2.9), ("11-12", 3.4), ("11-20", 5.2)],
        "page": Paginator(range(60), 20).page(2),
        "week": [now.date() + timedelta(days=ahead) for ahead in range(7)],
        "icons": sorted(_icon_names()),
    }


def _icon_names() -> list[str]:
    text = (settings.BASE_DIR / "static" / "icons" / "sprite.svg").read_text(encoding="utf-8")
    return [part.split('"', 1)[0] for part in text.split('<symbol id="')[1:]]


@public("styleguide", "shows components with invented content; demo installations only")
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO:
        raise NotFound
    frame = "base_staff.html" if request.GET.get("frame") == "staff" else "base_patient.html"
    return render(request, "portal/styleguide.html", {"frame": frame, **_sample()})
