"""Pages where forms are filled in: the same for patients and for staff, in two frames."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import CLINICIANS, SIGNED_IN_PATIENTS, Role

from . import kinds, pages, selectors, services
from .engine import rendering, validation
from .engine.validation import Fault
from .errors import AnswersRefused, ResponseChanged
from .models import Response

STAFF = CLINICIANS | {Role.HEAD}


@dataclass
class _Draft:
    """What one request posted, merged into what was saved before."""

    reading: rendering.Reading
    revision: int
    page: int
    action: str


def _draft(request: HttpRequest, response: Response) -> _Draft:
    page = request.POST.get("page", "0")
    revision = request.POST.get("revision", "")
    number = int(page) if page.isdigit() else 0
    definition = selectors.definition_of(response)
    posted = request.POST.copy()
    for name in posted:
        posted.setlist(name, [text.replace("\x00", "") for text in posted.getlist(name)])
    reading = rendering.read_post(definition, posted, response.answers, page=number)
    if number:
        mine = {f.name for p in pages.pages_of(response) if p.number == number for t in p.fields for f in t.walk()}
        others = {name: texts for name, texts in response.unread.items() if name not in mine}
        reading.unread = {**others, **reading.unread}
    return _Draft(reading, int(revision) if revision.isdigit() else -1, number, request.POST.get("action", "save"))


def _fill(request: HttpRequest, pk: int, frame: str) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    response = selectors.response_for(actor, pk, at=at)
    if not response.is_open:
        after = kinds.get(response.because).after_url(response) if frame == "patient" else ""
        context = {"base": pages.BASES[frame], "response": response, "after_url": after}
        return render(request, "forms/answers.html", {**context, "definition": selectors.definition_of(response)})
    if request.method == "POST":
        return _post(request, response, frame)
    asked = request.GET.get("page", "")
    if asked == pages.CHECK:
        return _check_page(request, response, frame)
    made = pages.pages_of(response)
    number = _page_number(asked, made, frame)
    return _page(request, response, frame, number, made)


def _page_number(asked: str, made: list[rendering.Page], frame: str) -> int:
    """Patients see one part at a time, staff the whole form."""
    if frame == "staff" or len(made) == 1:
        return 0
    open_pages = [page.number for page in made if page.enabled]
    wanted = int(asked) if asked.isdigit() else 0
    return wanted if wanted in open_pages else open_pages[0]


def _page(
    request: HttpRequest, response: Response, frame: str, number: int, made: list[rendering.Page], status: int = 200
) -> HttpResponse:
    context = pages.form_context(response, frame=frame, number=number, pages=made)
    template = "forms/_form.html" if getattr(request, "htmx", False) else "forms/fill.html"
    return render(request, template, context, status=status)


def _check_page(request: HttpRequest, response: Response, frame: str) -> HttpResponse:
    context = pages.form_context(response, frame=frame)
    return render(request, "forms/check.html", {**context, "pages": pages.pages_of(response)})


def _post(request: HttpRequest, response: Response, frame: str) -> HttpResponse:
    here = pages.urls(response, frame)["fill"]
    if request.POST.get("page") == pages.CHECK:
        if request.POST.get("action") == "back":
            return HttpResponseRedirect(f"{here}?page={pages.pages_of(response)[-1].number}")
        return _hand_in(request, response, frame, revision=int(request.POST.get("revision") or -1))
    draft = _draft(request, response)
    actor, at = actor_of(request), clock.now()
    try:
        response = services.response_save(
            actor=actor, response_id=response.pk, answers=draft.reading.answers, revision=draft.revision,
            unread=draft.reading.unread, at=at,
        )  # fmt: skip
    except ResponseChanged as problem:
        return _conflict(request, response, draft, problem, frame)
    if draft.action.startswith("more:"):
        made = pages.pages_of(response, more=frozenset({draft.action.removeprefix("more:")}))
        return _page(request, response, frame, draft.page, made)
    if draft.action == "submit":
        return _hand_in(request, response, frame, revision=response.revision)
    return _move(request, response, frame, draft, here)


def _move(request: HttpRequest, response: Response, frame: str, draft: _Draft, here: str) -> HttpResponse:
    """To the page before or after, once what is on this one is in order."""
    made = pages.pages_of(response)
    if draft.action == "back":
        before = [page.number for page in made if page.enabled and page.number < draft.page]
        return HttpResponseRedirect(f"{here}?page={before[-1] if before else 1}")
    if draft.action != "next":
        return HttpResponseRedirect(f"{here}?page={draft.page}")
    faults = pages.faults_of(response)
    made = pages.pages_of(response, faults=faults)
    if any(page.errors for page in made if page.number == draft.page):
        return _page(request, response, frame, draft.page, made, status=422)
    after = [page.number for page in made if page.enabled and page.number > draft.page]
    return HttpResponseRedirect(f"{here}?page={after[0] if after else pages.CHECK}")


def _hand_in(request: HttpRequest, response: Response, frame: str, revision: int) -> HttpResponse:
    definition = selectors.definition_of(response)
    faults = pages.faults_of(response)
    if faults:
        return _refuse(request, response, frame, faults)
    try:
        response = services.response_submit(
            actor=actor_of(request), response_id=response.pk, revision=revision, at=clock.now(),
            answers=validation.pruned(definition, response.answers),
        )  # fmt: skip
    except AnswersRefused as problem:
        return _refuse(request, response, frame, [Fault("", link, str(text)) for link, text in problem.fields.items()])
    except ResponseChanged as problem:
        draft = _Draft(rendering.Reading(response.answers, response.unread), revision, 0, "submit")
        return _conflict(request, response, draft, problem, frame)
    here = pages.urls(response, frame)["fill"]
    after = kinds.get(response.because).after_url(response) if frame == "patient" else ""
    return HttpResponseRedirect(after or here)


def _refuse(request: HttpRequest, response: Response, frame: str, faults: list[Fault]) -> HttpResponse:
    """The first page with something to correct, marked."""
    made = pages.pages_of(response, faults=faults)
    number = next((page.number for page in made if page.errors), 1) if frame == "patient" and len(made) > 1 else 0
    return _page(request, response, frame, number, made, status=422)


def _conflict_context(
    request: HttpRequest, response: Response, draft: _Draft, problem: ResponseChanged, frame: str
) -> dict[str, Any]:
    kept = {"csrfmiddlewaretoken", "revision", "action"}
    return {
        "base": pages.BASES[frame],
        "frame": frame,
        "response": response,
        "definition": selectors.definition_of(response),
        "problem": problem,
        "urls": pages.urls(response, frame),
        "differences": pages.differences(response, problem.saved, draft.reading.answers),
        "posted": [(name, text) for name, texts in request.POST.lists() if name not in kept for text in texts],
        "action": draft.action,
    }


def _conflict(
    request: HttpRequest, response: Response, draft: _Draft, problem: ResponseChanged, frame: str
) -> HttpResponse:
    """Both texts side by side; nothing is lost until the writer chooses (G11)."""
    context = _conflict_context(request, response, draft, problem, frame)
    return render(request, "forms/conflict.html", context, status=problem.status)


def _autosave(request: HttpRequest, pk: int, frame: str) -> HttpResponse:
    """What the page's script saves every few seconds; answers with what changed on the page."""
    actor, at = actor_of(request), clock.now()
    response = selectors.response_for(actor, pk, at=at)
    draft = _draft(request, response)
    try:
        response = services.response_save(
            actor=actor, response_id=pk, answers=draft.reading.answers, revision=draft.revision,
            unread=draft.reading.unread, at=at,
        )  # fmt: skip
    except ResponseChanged as problem:
        context = _conflict_context(request, response, draft, problem, frame)
        html = render_to_string("forms/_conflict.html", context, request=request)
        return JsonResponse({**problem.as_dict(), "revision": problem.revision, "html": html}, status=problem.status)
    made = pages.pages_of(response)
    state = {"revision": response.revision, "saved_at": f"{clock.local(at):%H:%M}", **pages.live_state(made)}
    return JsonResponse(state)


@rule("forms.fill", SIGNED_IN_PATIENTS, methods=["GET", "POST"], subject="form_response")
def response_page(request: HttpRequest, pk: int) -> HttpResponse:
    return _fill(request, pk, "patient")


@rule("forms.autosave", SIGNED_IN_PATIENTS, methods=["POST"], subject="form_response")
def autosave(request: HttpRequest, pk: int) -> HttpResponse:
    return _autosave(request, pk, "patient")


@rule("forms.staff_fill", STAFF, methods=["GET", "POST"], subject="form_response")
def staff_response_page(request: HttpRequest, pk: int) -> HttpResponse:
    return _fill(request, pk, "staff")


@rule("forms.staff_autosave", STAFF, methods=["POST"], subject="form_response")
def staff_autosave(request: HttpRequest, pk: int) -> HttpResponse:
    return _autosave(request, pk, "staff")


@rule("forms.concepts", SIGNED_IN_PATIENTS | STAFF)
def concepts(request: HttpRequest) -> HttpResponse:
    """Suggestions for a question whose answers are one of the hospital's catalogues."""
    found = selectors.catalogue_search(request.GET.get("value_set", ""), request.GET.get("q", "")[:50], 10)
    return JsonResponse({"concepts": [f"{concept.code} {concept.display}" for concept in found]})
