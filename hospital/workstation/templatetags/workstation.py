"""The frame of the workstation: menu, and bar with the command line."""

from typing import Any

from django import template
from django.urls import reverse

from hospital.kit.access import actor_of
from hospital.kit.kept import Given, Kept
from hospital.kit.routes import may_open, page_exists
from hospital.organisation.models import Staff
from hospital.workstation.navigation import places_for

register = template.Library()

_NAME = Kept(lambda: Staff.objects.filter(pk=Given("staff_id")).values_list("name", flat=True))

SIGN_OUT = "/staff/sign-out/"


@register.inclusion_tag("components/staff_navigation.html", takes_context=True)
def staff_navigation(context: template.RequestContext) -> dict[str, Any]:
    request = context["request"]
    found = list(places_for(actor_of(request)))
    here = max(
        (place.path for _group, places in found for place in places if request.path.startswith(place.path)),
        key=len,
        default="",
    )
    groups = [
        {
            "title": group.title,
            "entries": [
                {"url": place.path, "icon": place.icon, "title": place.title, "current": place.path == here}
                for place in places
            ],
        }
        for group, places in found
    ]
    return {"groups": groups, "hospital_name": context.get("hospital_name", "")}


@register.inclusion_tag("components/staff_bar.html", takes_context=True)
def staff_bar(context: template.RequestContext) -> dict[str, Any]:
    request = context["request"]
    actor = actor_of(request)
    url = reverse("workstation_staff:command")
    name = _NAME.first(staff_id=actor.staff_id) if actor.staff_id else None
    return {
        "command_url": url if may_open(actor, url) else "",
        "staff_name": name or "",
        "sign_out_url": SIGN_OUT if page_exists(SIGN_OUT, "POST") else "",
    }
