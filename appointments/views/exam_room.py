"""The exam room: who comes today, who is here, who is being examined (A6)."""

from collections.abc import Callable
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from appointments import policy, selectors, services
from appointments.models import ExamBooking
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.problems import NotFound, Problem

VERBS: dict[str, Callable[..., ExamBooking]] = {
    "arrive": services.exam_arrive,
    "begin": services.exam_begin,
    "finish": services.exam_finish,
}


@rule("appointments.exam_room", policy.EXAM_ROLES)
def exam_room(request: HttpRequest) -> HttpResponse:
    """One machine, one day."""
    at = clock.now()
    number = request.GET.get("machine", "")
    machine_id = int(number) if number.isdecimal() and len(number) < 19 else None
    day = _day(request.GET.get("day", "")) or clock.business_day(at)
    machines, chosen, rows = selectors.exam_room_for(actor_of(request), machine_id, day, at=at)
    context = {"machines": machines, "chosen": chosen, "rows": rows, "day": day, "now": at}
    return render(request, "appointments/exam_room.html", context)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@rule("appointments.exam_move", policy.EXAM_ROLES, methods=["POST"], subject="exam_room")
def exam_move(request: HttpRequest, exam_id: int, verb: str) -> HttpResponse:
    """arrive, begin or finish."""
    if verb not in VERBS:
        raise NotFound
    exam = ExamBooking.objects.filter(pk=exam_id).first()
    try:
        VERBS[verb](actor=actor_of(request), exam_id=exam_id, at=clock.now())
    except NotFound:
        raise
    except Problem as problem:
        messages.warning(request, f"{problem.reason} {problem.next_step}")
    assert exam is not None  # else the verb found nothing
    return redirect(f"/staff/exam-room/?machine={exam.machine_id}&day={clock.local(exam.starts_at):%F}")
