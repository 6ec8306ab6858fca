"""Forms in the pages of other apps: {% load form_responses %} {% response_view response %} {% response_form response %}."""

from typing import Any

from django import template

from hospital.forms import pages
from hospital.forms.models import Response

register = template.Library()


@register.inclusion_tag("forms/_view.html")
def response_view(response: Response) -> dict[str, Any]:
    """What was answered, as it was asked then. The page has asked already who may read it."""
    return {"response": response, "pages": pages.pages_of(response)}


@register.inclusion_tag("forms/_form.html", takes_context=True)
def response_form(context: template.RequestContext, response: Response) -> dict[str, Any]:
    """The whole form to fill in, saved by itself; load js/forms.js on the page."""
    frame = "staff" if context["actor"].is_staff else "patient"
    return {**pages.form_context(response, frame=frame), "csrf_token": context.get("csrf_token")}
