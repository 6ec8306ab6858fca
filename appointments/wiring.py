"""What appointments registers with the apps below it, and its own kind of booking."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from billing.models import Charge


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    _wire_kinds()
    _wire_charges()
    _wire_messages()
    _wire_queue_messages()
    _wire_exams()
    _wire_sweeps()
    _wire_invariants()
    _wire_audit()


def _wire_kinds() -> None:
    from . import kinds

    kinds.register(kinds.BookingKind("clinic", _("Visit at the hospital"), comes=True))


def _wire_charges() -> None:
    from billing.kinds import ChargeKind, register

    from .services import booking

    # Two scenes of one life: what differs is the line of the daily report (PAY-08).
    for name, title, scene in (
        ("registration", _("Registration"), "registration"),
        ("online_registration", _("Online visit"), "online"),
    ):
        register(
            ChargeKind(
                name, title, scene=scene, on_paid=booking.booking_paid, on_refunded=booking.charge_refunded,
                on_expired=booking.charge_expired,
                may_refund=lambda charge, at: booking.charge_may_refund(charge.pk), page=_page_of, doctors=_doctors_of,
            )
        )  # fmt: skip


def _doctors_of(subject_ids: "Sequence[int]") -> dict[int, int]:
    from .models import Booking

    return dict(Booking.objects.filter(pk__in=subject_ids).values_list("pk", "doctor_id"))


def _page_of(charge: "Charge") -> str:
    """Where a patient goes on who has paid: the visit that the app above holds, else the page of the booking."""
    from django.urls import reverse

    from . import kinds
    from .models import Booking

    booking = Booking.objects.only("kind").get(pk=charge.subject_id)
    visit_url = kinds.get(booking.kind).visit_url
    return visit_url(booking.pk) if visit_url else reverse("appointments:visit", args=[booking.pk])


def _still_booked(context: "Mapping[str, Any]", at: "datetime") -> bool:
    """A reminder of a visit that no longer stands isn't sent."""
    from .models import Booking
    from .states import BookingStatus

    return Booking.objects.filter(pk=context["booking_id"], status=BookingStatus.BOOKED).exists()


def _still_held(context: "Mapping[str, Any]", at: "datetime") -> bool:
    """An offer that was paid, given back or has ended isn't told any more."""
    from .models import Booking
    from .states import BookingStatus

    return Booking.objects.filter(pk=context["booking_id"], status=BookingStatus.HELD, held_until__gt=at).exists()


def _wire_messages() -> None:
    from hospital.messaging.kinds import MessageKind, register
    from hospital.messaging.models import Channel

    everywhere = (Channel.INBOX, Channel.WECHAT, Channel.SMS)
    register(
        MessageKind(
            "booking.booked",
            _("Booking confirmed"),
            _("%(doctor)s, %(department)s, %(date)s %(time)s, number %(number)s. Please come 15 minutes early."),
        )
    )
    register(
        MessageKind(
            "booking.held",
            _("A place is held for you"),
            _("%(doctor)s, %(department)s, %(date)s %(time)s is held for you until %(until)s. Please pay before that."),
            channels=everywhere,
            urgent=True,
            still_wanted=_still_held,
        )
    )
    register(
        MessageKind(
            "booking.reminder",
            _("Your visit is tomorrow"),
            _("%(doctor)s, %(department)s, %(date)s %(time)s, number %(number)s. Bring your identity document."),
            channels=everywhere,
            still_wanted=_still_booked,
        )
    )
    register(
        MessageKind(
            "booking.substitute",
            _("Another doctor sees you"),
            _("On %(date)s %(time)s %(doctor)s sees you in place of your doctor, %(department)s, number %(number)s."),
            channels=everywhere,
            still_wanted=_still_booked,
        )
    )
    register(
        MessageKind(
            "booking.moved",
            _("Booking moved"),
            _("Your visit is now with %(doctor)s, %(department)s, on %(date)s %(time)s, number %(number)s."),
            still_wanted=_still_booked,
        )
    )
    register(
        MessageKind(
            "waiting.offered",
            _("A place has come free for you"),
            _("%(doctor)s, %(department)s, %(date)s %(time)s is held for you until %(until)s. Please pay before that."),
            channels=everywhere,
            urgent=True,
            still_wanted=_still_held,
        )
    )
    register(
        MessageKind(
            "absence.decided",
            _("Your appeal was answered"),
            _("The department has answered your appeal about the missed visit of %(date)s."),
        )
    )
    register(
        MessageKind(
            "waiting.over",
            _("You are no longer in the waiting list"),
            _("The waiting list for %(doctor)s has ended for you. You can enter it again at any time."),
        )
    )
    register(
        MessageKind(
            "booking.stopped",
            _("Your doctor's clinic was stopped"),
            _(
                "%(doctor)s doesn't sit on %(date)s %(time)s. Please choose another time or your money back; "
                "without an answer it goes back by itself."
            ),
            channels=everywhere,
            urgent=True,
            still_wanted=_still_booked,
        )
    )
    register(
        MessageKind(
            "booking.cancelled",
            _("Booking cancelled"),
            _("Your booking with %(doctor)s on %(date)s %(time)s is cancelled. What was paid goes back in full."),
            channels=everywhere,
            urgent=True,
        )
    )


def _still_called(context: "Mapping[str, Any]", at: "datetime") -> bool:
    """Who was passed over or sits with the doctor isn't asked in any more."""
    from .models import Ticket
    from .states import TicketStatus

    return Ticket.objects.filter(pk=context["ticket_id"], status=TicketStatus.CALLED).exists()


def _still_near(context: "Mapping[str, Any]", at: "datetime") -> bool:
    """Still waiting, and nobody was put before them meanwhile."""
    from . import parameters, selectors
    from .models import Ticket
    from .states import TicketStatus

    ticket = (
        Ticket.objects.filter(pk=context["ticket_id"], status=TicketStatus.WAITING).select_related("session").first()
    )
    return ticket is not None and selectors.queue_position(ticket, at=at).ahead <= parameters.NEAR.at(at)


def _wire_queue_messages() -> None:
    from hospital.messaging.kinds import MessageKind, register

    register(
        MessageKind(
            "queue.near",
            _("Nearly your turn"),
            _("Number %(number)s: at most three patients before you. Please come to %(room)s."),
            urgent=True,
            still_wanted=_still_near,
        )
    )
    register(
        MessageKind(
            "queue.called",
            _("Please come in now"),
            _("Number %(number)s is called: %(room)s."),
            urgent=True,
            still_wanted=_still_called,
        )
    )


def _exam_stands(context: "Mapping[str, Any]", at: "datetime") -> bool:
    from .models import ExamBooking
    from .states import ExamStatus

    return ExamBooking.objects.filter(pk=context["exam_id"], status=ExamStatus.BOOKED).exists()


def _wire_exams() -> None:
    import emr.kinds
    from hospital.kit import sweeps
    from hospital.messaging.kinds import MessageKind, register

    from .services import exams

    emr.kinds.follow_orders(
        emr.kinds.OrderFollower(
            "appointments.exams",
            _("Exam appointments"),
            ("lab", "imaging"),
            on_paid=exams.order_paid,
            on_cancelled=exams.order_cancelled,
            page=lambda encounter_id: f"/staff/exam-plan/{encounter_id}/",
        )
    )
    emr.kinds.link_encounters(
        emr.kinds.EncounterLink("appointments.next_visit", _("Next visit"), lambda pk: f"/staff/next-visit/{pk}/")
    )
    sweeps.register("appointments.exams", exams.exams_close, every=900)
    register(
        MessageKind(
            "exam.proposed",
            _("When your exams could be"),
            _("%(exams)s exams from %(date)s %(time)s, in %(trips)s trips. Answer a few questions to book them."),
        )
    )
    register(MessageKind("exam.booked", _("Exam booked"), _("%(exam)s: %(date)s %(time)s, %(room)s. %(advice)s")))
    register(
        MessageKind(
            "exam.reminder",
            _("Your exam is tomorrow"),
            _("%(exam)s: %(date)s %(time)s, %(room)s. %(advice)s"),
            still_wanted=_exam_stands,
        )
    )


def _wire_sweeps() -> None:
    from hospital.kit import sweeps

    from . import services

    sweeps.register("appointments.sessions", services.sessions_open_ahead, every=900)
    sweeps.register("appointments.holds", services.holds_expire, every=15)
    sweeps.register("appointments.stopped", services.stopped_bookings_cancel, every=15)
    sweeps.register("appointments.closures", services.closures_enforce, every=60)
    sweeps.register("appointments.waiting", services.waiting_work_off, every=15)
    sweeps.register("appointments.close", services.sessions_close, every=300)
    sweeps.register("appointments.lines", services.stopped_lines_close, every=300)
    sweeps.register("appointments.notices", services.notices_deliver, every=5)


def _wire_invariants() -> None:
    from .invariants import register_all

    register_all()


def _wire_audit() -> None:
    """How a patient reads these lines under "who opened my record"."""
    from hospital.audit.kinds import action_title

    action_title("absence.read", _("read an appeal against a missed visit"))
    action_title("absence.decide", _("decided about a missed visit"))
    action_title("waiting.list", _("looked at the waiting list"))
    action_title("stop.phone", _("saw the telephone number, to call after a stopped clinic"))
    action_title("booking.list", _("looked at the list of visits"))
    action_title("booking.desk_find", _("looked for the patient at the window or on the telephone"))
    action_title("booking.desk_read", _("looked at the bookings at the window or on the telephone"))
    action_title("booking.override", _("set a rule aside for a booking"))
    action_title("booking.next_visit", _("booked the next visit"))
    action_title("booking.question", _("answered a question before a booking"))
    action_title("booking.overrides", _("read which rules were set aside"))
    action_title("booking.read", _("opened a visit"))
    action_title("booking.to_check_in", _("scanned the visit card for check-in"))
    action_title("ticket.read", _("checked in"))
    action_title("ticket.prioritise", _("gave a patient another place in the line"))
    action_title("exam.book", _("booked exams"))
    action_title("exam.list", _("looked at the list of exams"))
    action_title("exam.plan", _("planned exams"))
    action_title("exam.read", _("opened an exam booking"))
    action_title("exam.room", _("opened the list of an exam room"))
    action_title("queue.read", _("opened the clinic queue"))
    action_title("day.read", _("looked at a doctor's day"))
