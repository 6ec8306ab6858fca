"""What treatment registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from django.utils.translation import gettext_lazy as _

    from emr import kinds as emr_kinds
    from hospital.forms import kinds as form_kinds
    from hospital.kit import sweeps
    from hospital.messaging.kinds import MessageKind, register
    from hospital.messaging.models import Channel

    from . import invariants, ordering, services, trail

    emr_kinds.register_order(
        emr_kinds.OrderKind(
            "treatment",
            _("Treatment"),
            item_of=ordering.item_of,
            on_placed=services.course_begin,
            on_paid=services.course_paid,
            on_cancelled=services.course_cancelled,
            may_cancel=ordering.may_cancel,
            page=ordering.order_page,
            paid_page=ordering.paid_page,
            used=ordering.given,
        )
    )
    form_kinds.register(
        form_kinds.FormUse(
            "treatment.assessment",
            _("Assessment"),
            may_fill=ordering.may_assess,
            on_submitted=services.assessment_done,
            after_url=ordering.after_assessment,
        )
    )
    form_kinds.register(
        form_kinds.FormUse(
            "treatment.follow_up",
            _("Follow-up"),
            may_fill=ordering.may_answer,
            on_submitted=services.follow_up_answered,
        )
    )
    sweeps.register("treatment.missed", services.sessions_mark_missed, every=300, title="missed sessions")
    sweeps.register("treatment.follow_ups", services.follow_ups_ask, every=60, title="follow-up forms that are due")
    sweeps.register("treatment.outages", services.displaced_move, every=60, title="sessions of a machine that is down")
    everywhere = (Channel.INBOX, Channel.SMS, Channel.WECHAT)
    register(
        MessageKind(
            "treatment.to_place",
            _("Choose your hour"),
            _("%(item)s, %(planned)s sessions: it is paid. Choose the hour of the day that suits you."),
        )
    )
    register(
        MessageKind(
            "treatment.placed",
            _("Your treatment is booked"),
            _("%(item)s, %(planned)s sessions from %(day)s, each day at %(hour)s, %(room)s."),
            channels=everywhere,
        )
    )
    register(
        MessageKind(
            "treatment.reminder",
            _("Tomorrow's treatment"),
            _("%(item)s, session %(number)s of %(of)s: %(when)s, %(room)s."),
            still_wanted=ordering.session_still_booked,
        )
    )
    register(
        MessageKind(
            "treatment.displaced",
            _("Your session has another time"),
            _("The machine is being repaired. %(item)s, instead of %(old)s: %(new)s, %(room)s."),
            channels=everywhere,
        )
    )
    register(
        MessageKind(
            "treatment.stranded",
            _("Your session can't be given"),
            _("The machine is being repaired. %(item)s of %(old)s needs another time: choose one, or we call you."),
            channels=everywhere,
        )
    )
    register(
        MessageKind(
            "treatment.hold",
            _("A course is on hold"),
            _("A course of yours stands still until you let it go on. Please look."),
            urgent=True,
        )
    )
    register(
        MessageKind(
            "treatment.interruption",
            _("A course ends too late"),
            _("It ends %(days)s working days later than planned; it bears %(limit)s. Decide how to make up for them."),
            urgent=True,
        )
    )
    register(
        MessageKind(
            "treatment.missed",
            _("We missed you"),
            _("%(item)s, session %(number)s on %(day)s was not given. Please choose another day."),
        )
    )
    register(
        MessageKind(
            "treatment.finished", _("Your treatment is complete"), _("%(item)s: all %(planned)s sessions are given.")
        )
    )
    register(
        MessageKind(
            "treatment.follow_up",
            _("How are you?"),
            _("Your care team asks how you have been since your treatment. It takes two minutes."),
            channels=everywhere,
            still_wanted=ordering.task_still_asked,
        )
    )
    register(
        MessageKind(
            "treatment.alarm",
            _("A follow-up answer needs you"),
            _("%(count)s answers of a patient are alarming. Please call."),
            urgent=True,
        )
    )
    register(
        MessageKind(
            "treatment.adverse", _("Adverse event at a session"), _("Session %(number)s: an adverse event was recorded."),
            urgent=True,
        )
    )  # fmt: skip
    invariants.wire()
    trail.register_all()
