"""Choose a time and a family member, hold, and go to the cashier."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from appointments import errors, kinds, parameters, policy, selectors, services
from appointments.states import BookingStatus
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS
from hospital.kit.problems import NotFound, Problem
from hospital.people.selectors import family_links_for


class HoldForm(forms.Form):
    """Ids are only read here; whether they may be booked is the verb's to say."""

    patient = forms.IntegerField(error_messages={"required": _("Choose who the visit is for.")})
    period = forms.IntegerField(error_messages={"required": _("Choose a time.")})


@rule("appointments.book", SIGNED_IN_PATIENTS, subject="session")
@rule("appointments.hold", SIGNED_IN_PATIENTS, methods=["POST"], subject="session")
def book(request: HttpRequest, session_id: int) -> HttpResponse:
    """The times of one session with what is left of each, the family, and the price before anything is paid."""
    if request.method == "POST":
        return _hold(request, session_id)
    return _page(request, session_id)


def _hold(request: HttpRequest, session_id: int) -> HttpResponse:
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _page(request, session_id, form=form, status=422)
    actor, at = actor_of(request), clock.now()
    proved = services.question_answer(
        actor=actor, token=request.POST.get("question", ""), answer=request.POST.get("answer", ""), at=at
    )
    try:
        booking = services.booking_hold(
            actor=actor, patient_id=form.cleaned_data["patient"], period_id=form.cleaned_data["period"],
            at=at, proved=proved, session_id=session_id,
        )  # fmt: skip
    except NotFound:
        raise
    except Problem as problem:
        return _page(request, session_id, form=form, problem=problem, status=problem.status)
    if booking.status == BookingStatus.HELD:
        return redirect(f"/pay/{booking.charge_id}/")
    return redirect("appointments:visit", booking.pk)


def _page(
    request: HttpRequest,
    session_id: int,
    *,
    form: HoldForm | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    at, actor = clock.now(), actor_of(request)
    line = selectors.session_line(session_id, at=at)
    if line is None:
        raise NotFound
    if kinds.get(line.session.kind).start_url is not None:
        return redirect(line.url)
    periods = selectors.periods_free(session_id, at=at)
    family = family_links_for(actor)
    chosen = form.data.get("patient", "") if form else str(family[0].patient_id) if family else ""
    return render(
        request,
        "appointments/book.html",
        {
            "line": line, "session": line.session, "periods": periods, "family": family, "form": form,
            "problem": problem, "chosen_patient": chosen, "chosen_period": form.data.get("period", "") if form else "",
            "hold_minutes": parameters.HOLD_MINUTES.at(at), "cancel_hours": policy.cancel_hours(line.session, at),
            "question": services.question_new(actor) if isinstance(problem, errors.QuestionFirst) else None,
            "early": parameters.CHECK_IN_EARLY.at(at),
        },
        status=status,
    )  # fmt: skip
