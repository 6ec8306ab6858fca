"""What consult registers with the apps below it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from . import invariants, trail

    trail.register_all()
    _wire_kinds()
    _wire_messages()
    invariants.register_all()


def _wire_kinds() -> None:
    from django.utils.translation import gettext_lazy as _

    import appointments.kinds
    import emr.kinds
    from hospital.forms.kinds import FormUse
    from hospital.forms.kinds import register as register_form
    from hospital.kit import sweeps

    from . import cards, conditions, desk
    from .models import OnlineVisit
    from .services import house
    from .services.applying import BECAUSE

    def start_url(session_id: int, doctor_id: int) -> str:
        return f"/consult/doctor/{doctor_id}/apply/"

    def visit_url(booking_id: int) -> str:
        visit_id = OnlineVisit.objects.filter(booking_id=booking_id).values_list("pk", flat=True).first()
        return f"/consult/{visit_id}/" if visit_id is not None else ""

    appointments.kinds.register(
        appointments.kinds.BookingKind(
            "online", _("Online visit"), comes=False, charge_kind="online_registration", may_hold=house.may_hold,
            on_booked=house.booking_booked, on_cancelled=house.booking_cancelled, may_cancel=house.may_cancel,
            start_url=start_url, visit_url=visit_url,
        )
    )  # fmt: skip
    emr.kinds.register_encounter(
        emr.kinds.EncounterUse(
            BECAUSE, _("Online visit"), may_order=conditions.may_order, may_prescribe=conditions.may_prescribe,
            defects=conditions.defects, on_note_signed=cards.note_signed, on_prescribed=cards.prescribed,
            on_ordered=cards.ordered, page=lambda encounter: f"/staff/consult/{encounter.because_id}/",
            desk=desk.desk,
        )
    )  # fmt: skip
    register_form(
        FormUse(
            BECAUSE, _("Before the online visit"), may_fill=lambda actor, response: actor.is_patient,
            on_submitted=house.form_handed_in, after_url=lambda response: f"/consult/{response.because_id}/",
        )
    )  # fmt: skip
    sweeps.register("consult.visits", house.visits_tidy, every=15, title="online visits past their time")


def _wire_messages() -> None:
    from django.utils.translation import gettext_lazy as _

    from hospital.messaging.kinds import MessageKind, register
    from hospital.messaging.models import Channel

    everywhere = (Channel.INBOX, Channel.WECHAT, Channel.SMS)
    for kind in (
        MessageKind("consult.waiting", _("An online visit waits for you"), _("A patient has paid and waits.")),
        MessageKind(
            "consult.accepted", _("Your online visit has begun"),
            _("Doctor %(doctor)s is there. Please open the talk."), channels=everywhere, urgent=True,
        ),
        MessageKind("consult.ended", _("Your online visit has ended"), _("Read what doctor %(doctor)s advises.")),
        MessageKind(
            "consult.expired", _("Your online visit wasn't answered"),
            _("Doctor %(doctor)s couldn't answer in time. What you paid goes back in full."), channels=everywhere,
        ),
        MessageKind(
            "consult.line", _("The doctor has written to you"), _("Doctor %(doctor)s has written in your online visit."),
            still_wanted=_unread_by_patient,
        ),
        MessageKind(
            "consult.line_to_doctor", _("A patient has written"), _("There are new lines in an online visit."),
            channels=(Channel.INBOX,), still_wanted=_unread_by_doctor,
        ),
    ):  # fmt: skip
        register(kind)


def _unread(context: "Mapping[str, Any]", column: str) -> bool:
    from django.db.models import F

    from .models import OnlineVisit

    return OnlineVisit.objects.filter(pk=context["visit_id"], **{f"{column}__lt": F("last_seq")}).exists()


def _unread_by_patient(context: "Mapping[str, Any]", at: "datetime") -> bool:
    return _unread(context, "patient_read_seq")


def _unread_by_doctor(context: "Mapping[str, Any]", at: "datetime") -> bool:
    return _unread(context, "doctor_read_seq")
