"""The clinic queue at the door and on the doctor's desk (AP-11)."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from appointments import policy, selectors, services
from appointments.models import Priority, Ticket, Triage
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.problems import NotFound, Problem


@rule("appointments.queues", policy.QUEUE_ROLES)
def queues(request: HttpRequest) -> HttpResponse:
    """Today's sessions of this member of staff; the only one opens at once."""
    actor = actor_of(request)
    sessions = list(selectors.sessions_of_the_day_for(actor, at=clock.now()))
    own = [session for session in sessions if session.doctor_id == actor.staff_id]
    if len(sessions) == 1:
        return redirect("appointments_staff:queue", sessions[0].pk)
    others = [session for session in sessions if session not in own]
    today = clock.business_day(clock.now())
    departments = {session.department_id: session.department for session in sessions}
    measured = [
        (department, selectors.expected_errors(today, today, department_id=pk))
        for pk, department in departments.items()
    ]
    return render(
        request,
        "appointments/queues.html",
        {"own": own, "others": others, "measured": [one for one in measured if one[1]]},
    )


@rule("appointments.queue", policy.QUEUE_ROLES, subject="session_queue")
def queue(request: HttpRequest, session_id: int) -> HttpResponse:
    """Who is in the room, who waits, who is still to come. A poll that knows this picture gets 204."""
    actor, at = actor_of(request), clock.now()
    poll = bool(getattr(request, "htmx", False))
    found = selectors.queue_for(actor, session_id, at=at, seen=request.GET.get("seen", "")[:2000] if poll else "")
    if found is None:
        return HttpResponse(status=204)
    template = "appointments/queue_board.html" if poll else "appointments/queue.html"
    return render(
        request,
        template,
        {
            "queue": found,
            "session": found.session,
            "now": at,
            "triages": Triage.choices,
            "priorities": Priority.choices,
        },
    )


@rule("appointments.queue_call", policy.QUEUE_ROLES, methods=["POST"], subject="session_queue")
def queue_call(request: HttpRequest, session_id: int) -> HttpResponse:
    """Call the next patient, or a certain one with a reason."""
    number = request.POST.get("ticket", "")
    return _done(
        request,
        session_id,
        lambda: services.ticket_call(
            actor=actor_of(request), session_id=session_id, at=clock.now(), reason=request.POST.get("reason", "")[:500],
            ticket_id=int(number) if number.isdecimal() and len(number) < 19 else None,
        ),
    )  # fmt: skip


VERBS: dict[str, Callable[..., Ticket]] = {
    "recall": services.ticket_recall,
    "pass": services.ticket_pass,
    "start": services.ticket_start,
    "finish": services.ticket_finish,
    "exam": services.ticket_send_to_exam,
}


@rule("appointments.ticket_move", policy.QUEUE_ROLES, methods=["POST"], subject="ticket")
def ticket_move(request: HttpRequest, ticket_id: int, verb: str) -> HttpResponse:
    """recall, pass, start, exam (back today with the result) or finish."""
    if verb not in VERBS:
        raise NotFound
    session_id = Ticket.objects.filter(pk=ticket_id).values_list("session_id", flat=True).first()
    act = VERBS[verb]
    return _done(request, session_id, lambda: act(actor=actor_of(request), ticket_id=ticket_id, at=clock.now()))


class FirstForm(forms.Form):
    """Why somebody goes before others: triage, or by law."""

    triage = forms.TypedChoiceField(coerce=int, choices=Triage.choices, initial=Triage.USUAL)
    priority = forms.ChoiceField(choices=Priority.choices, required=False)
    reason = forms.CharField(max_length=200, required=False)


@rule("appointments.ticket_first", policy.QUEUE_ROLES, methods=["POST"], subject="ticket_waiting")
def ticket_first(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Give a waiting patient a triage level or a place among the first of the class, with a reason (AP-11)."""
    session_id = Ticket.objects.filter(pk=ticket_id).values_list("session_id", flat=True).first()
    form = FirstForm(request.POST)
    if not form.is_valid():
        raise NotFound
    return _done(
        request,
        session_id,
        lambda: services.ticket_prioritise(
            actor=actor_of(request), ticket_id=ticket_id, at=clock.now(), **form.cleaned_data
        ),
    )


def _done(request: HttpRequest, session_id: int | None, act: Callable[[], Any]) -> HttpResponse:
    """Do it and show the queue; a refusal stands above the queue as it is now."""
    try:
        act()
    except NotFound:
        raise
    except Problem as problem:
        messages.warning(request, f"{problem.reason} {problem.next_step}")
    return redirect("appointments_staff:queue", session_id)
