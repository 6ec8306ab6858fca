"""The patient's home, "me", what the hospital publishes about itself, and the choices of language and care mode."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language

from hospital.kit import clock
from hospital.kit.access import actor_of, public, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS
from hospital.kit.problems import Invalid
from hospital.messaging.selectors import unread_count
from hospital.organisation.models import Campus, Department

from . import menu, selectors, services

YEAR = 365 * 24 * 3600


def _back(request: HttpRequest) -> str:
    """Where the person came from, if that is a page of ours."""
    wanted = request.POST.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return reverse("portal:home")


@public("portal.home", "the entrance: a stranger sees the hospital, its services and the way in (IH-14)")
def home(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if actor.is_staff:
        return redirect("/staff/")
    care = menu.care_mode_on(request)
    todos = selectors.todos_for(actor, at=clock.now()) if actor.is_patient else []
    context = {
        "todos": todos,
        "unread_messages": unread_count(actor) if actor.is_patient else 0,
        "first": todos[0] if todos else None,
        "rest": todos[1:6],
        "care": menu.care(actor) if care else [],
        "common": [] if care else menu.common(actor),
        "groups": [] if care else menu.groups(actor),
    }
    return render(request, "portal/care_home.html" if care else "portal/home.html", context)


@rule("portal.me", SIGNED_IN_PATIENTS)
def me(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "myself": selectors.myself(actor),
        "unread_messages": unread_count(actor),
        "mine": menu.mine(actor),
        "help": menu.help_places(actor),
    }
    return render(request, "portal/me.html", context)


@rule("portal.questions", SIGNED_IN_PATIENTS)
def questions(request: HttpRequest) -> HttpResponse:
    """The forms of all one's patients: to be answered, and answered."""
    actor = actor_of(request)
    page = Paginator(selectors.responses_for(actor, at=clock.now()), 20).get_page(request.GET.get("page"))
    names = selectors.names_of(actor)
    rows = [(response, names.get(response.patient_id, "")) for response in page.object_list]
    return render(request, "portal/questions.html", {"rows": rows, "page": page})


@public("portal.about", "what the hospital must publish: licence, departments, complaints (IH-14)")
def about(request: HttpRequest) -> HttpResponse:
    campuses = Campus.objects.order_by("code")
    departments = Department.objects.filter(is_open=True).select_related("campus").order_by("campus__code", "code")
    published = {
        "campuses": campuses,
        "departments": departments,
        "licence_no": settings.HOSPITAL_LICENCE_NO,
        "complaint_phone": settings.HOSPITAL_COMPLAINT_PHONE,
        "supervision_phone": settings.HOSPITAL_SUPERVISION_PHONE,
    }
    return render(request, "portal/about.html", published)


@public("portal.language", "the choice of language needs no account", methods=["POST"])
def language_choose(request: HttpRequest) -> HttpResponse:
    """Remembered on this device by a cookie; on the account too, for messages that find the person elsewhere."""
    code = request.POST.get("language", "")
    if code not in dict(settings.LANGUAGES) or not check_for_language(code):
        raise Invalid
    services.language_set(actor=actor_of(request), language=code)
    response = HttpResponseRedirect(_back(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, code, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


@public("portal.care_mode", "care mode is offered before sign-in too (AG-01)", methods=["POST"])
def care_mode_choose(request: HttpRequest) -> HttpResponse:
    """On the account when signed in, so that it follows the person; else on this device."""
    wanted = request.POST.get("care") == "1"
    actor = actor_of(request)
    services.care_mode_set(actor=actor, on=wanted)
    response = HttpResponseRedirect(_back(request))
    if wanted and not actor.account_id:
        response.set_cookie(
            "ih_care", "1", max_age=YEAR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        response.delete_cookie("ih_care", samesite="Lax")
    return response
