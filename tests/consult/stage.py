"""An online clinic of Doctor Li, a patient who was here before, and the way to each state in plain words."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from django.db import transaction
from PIL import Image

import appointments.services
import billing.services
import emr.notices
from appointments.models import Booking, Period, RosterSlot, Session
from billing.models import Category, Channel, PriceItem
from consult import carried, selectors, services
from consult.models import OnlineVisit
from consult.services.applying import FORM
from emr.models import Note
from emr.services import (
    DiagnosisSpec,
    LineSpec,
    encounter_close,
    note_save,
    note_sign,
    prescription_draft,
    prescription_sign,
)
from hospital.forms import carried as forms_carried
from hospital.forms import services as forms
from hospital.kit import clock, invariants
from hospital.kit.actor import system
from hospital.kit.transactions import entry
from tests.cast import Cast, Person, actor_of_person
from tests.emr.conftest import C50, FIELDS, Clinic, furnish, open_visit

HOUSE = system("tests.consult")
FEE = "REG-ONLINE"
CODES = "urn:hospital:codes:preconsult"


def jpeg(width: int = 60, height: int = 40, **options: Any) -> bytes:
    """A real picture."""
    out = BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG", **options)
    return out.getvalue()


def coding(system: str, code: str) -> dict[str, Any]:
    return {"valueCoding": {"system": f"{CODES}{system}", "code": code}}


def said(link: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {"linkId": link, "answer": list(values)}


ANSWERS: list[dict[str, Any]] = [
    {"linkId": "why", "item": [said("chief-complaint", {"valueString": "右乳术后复查"}), said("purpose", coding(":purpose", "refill"))]},
    {"linkId": "now", "item": [said("symptoms", coding(":symptom", "none"))]},
    {"linkId": "since", "item": [said("change", coding(":change", "same"))]},
    {"linkId": "drugs", "item": [said("takes-drugs", {"valueBoolean": True}),
                                 {"linkId": "drug", "item": [said("drug-name", {"valueString": "来曲唑"})]}]},
    {"linkId": "allergies", "item": [said("allergy", coding(":allergy", "none"))]},
    {"linkId": "pregnant", "item": [said("pregnancy", coding(":pregnancy", "na"))]},
]  # fmt: skip


def broken_invariants() -> dict[str, Any]:
    """Every invariant that a visit can break; the codes of these tests were written by hand, without pinyin."""
    found = {one.name: invariants.offenders(one) for one in invariants.registered()}
    return {name: rows for name, rows in found.items() if rows and name != "organisation.code_can_be_found"}


@dataclass
class Stage:
    cast: Cast
    at: datetime
    session: Any = None
    bills: int = field(default=0)

    def actor(self, person: Person) -> Any:
        return actor_of_person(person, self.at)

    @property
    def patient(self) -> Any:
        return self.actor(self.cast.wang_fang)

    @property
    def doctor(self) -> Any:
        return self.actor(self.cast.doctor_li)

    def was_here(self, person: Person | None = None, code: str = C50) -> None:
        """A signed outpatient note of an earlier day: what proves a return visit (IH-01)."""
        encounter = open_visit(self.cast, patient=person)
        clinic = Clinic(self.cast, encounter)
        clinic.none_known()
        note = clinic.save(code=code)
        entry(note_sign)(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())
        entry(encounter_close)(actor=clinic.li, encounter_id=encounter.pk, at=clock.now())

    def periods(self) -> list[Period]:
        return list(self.session.periods.order_by("starts_at"))

    def apply(self, person: Person | None = None, **more: Any) -> OnlineVisit:
        person = person or self.cast.wang_fang
        payer = person if person.account else self.cast.wang_fang
        return services.visit_apply(
            actor=self.actor(payer), patient_id=person.patient_id, doctor_id=self.cast.doctor_li.staff.pk, at=self.at,
            **more,
        )  # fmt: skip

    def consent(self, visit: OnlineVisit) -> None:
        services.consent_sign(
            actor=self.payer_of(visit), visit_id=visit.pk, version=selectors.consent_current().version, at=self.at
        )

    def payer_of(self, visit: OnlineVisit) -> Any:
        people = (self.cast.wang_fang, self.cast.stranger)
        return next(a for a in map(self.actor, people) if a.acts_for(visit.patient_id))

    def answer(self, visit: OnlineVisit) -> None:
        visit.refresh_from_db()
        assert visit.form is not None and visit.form.questionnaire.name == FORM
        forms.response_submit(
            actor=self.payer_of(visit), response_id=visit.form.pk, answers=ANSWERS, revision=visit.form.revision,
            at=self.at,
        )  # fmt: skip

    def hold(self, visit: OnlineVisit, index: int = 0) -> Booking:
        return services.visit_book(
            actor=self.payer_of(visit), visit_id=visit.pk, period_id=self.periods()[index].pk, at=self.at
        )

    def money(self, visit: OnlineVisit, booking: Booking) -> None:
        """The channel says that it was paid; nobody has been told yet."""
        self.bills += 1
        with transaction.atomic():
            order = billing.services.pay_order_open(
                actor=self.payer_of(visit), charge_ids=[booking.charge_id], channel=Channel.WECHAT, method="h5",
                at=self.at + timedelta(seconds=1),
            )  # fmt: skip
        billing.services.payment_record(
            order_id=order.pk, at=self.at + timedelta(seconds=2),
            money=billing.services.Money(
                transaction_id=f"C{self.bills:08d}{order.pk}", amount=order.amount, success_at=self.at, source="notice"
            ),
        )  # fmt: skip

    def tell(self, at: datetime | None = None) -> None:
        """All notices of the apps below, as their sweeps deliver them."""
        when = at or self.at + timedelta(seconds=5)
        for _ in range(3):
            billing.services.notices_deliver(at=when)
            appointments.services.notices_deliver(at=when)
            emr.notices.deliver_due(at=when)
            forms.notices_deliver(at=when)

    def waiting(self, person: Person | None = None, index: int = 0, **more: Any) -> OnlineVisit:
        visit = self.apply(person, **more)
        self.consent(visit)
        self.answer(visit)
        booking = self.hold(visit, index)
        self.money(visit, booking)
        self.tell()
        visit.refresh_from_db()
        return visit

    def accept(self, visit: OnlineVisit) -> OnlineVisit:
        return services.visit_accept(actor=self.doctor, visit_id=visit.pk, at=self.at + timedelta(seconds=10))

    def talking(self, person: Person | None = None, index: int = 0, **more: Any) -> OnlineVisit:
        visit = self.accept(self.waiting(person, index, **more))
        visit.refresh_from_db()
        return visit

    def say(self, visit: OnlineVisit, text: str, *, person: Person | None = None, key: str = "", at: Any = None) -> Any:
        return services.message_post(
            actor=self.actor(person or self.cast.wang_fang), visit_id=visit.pk, text=text, client_key=key,
            at=at or self.at + timedelta(seconds=20),
        )  # fmt: skip

    def end(self, visit: OnlineVisit, code: str = "done", note: str = "") -> OnlineVisit:
        return services.visit_end(
            actor=self.doctor, visit_id=visit.pk, code=code, note=note, at=self.at + timedelta(minutes=5)
        )

    # --- the record of the visit ------------------------------------------------------------------------------

    def write(self, visit: OnlineVisit, code: str = C50) -> Note:
        note = Note.objects.get(encounter_id=visit.encounter_id)
        return entry(note_save)(
            actor=self.doctor, note_id=note.pk, fields=FIELDS, diagnoses=[DiagnosisSpec(code, "main")],
            revision=note.revision, at=clock.now(),
        )  # fmt: skip

    def line(self, code: str = "letrozole", **changes: Any) -> LineSpec:
        return Clinic(self.cast, None).line(code, **changes)  # type: ignore[arg-type]

    def prescribe(self, visit: OnlineVisit, *lines: LineSpec) -> Any:
        drafted = entry(prescription_draft)(
            actor=self.doctor, encounter_id=visit.encounter_id, lines=lines or [self.line()], at=clock.now()
        )
        return entry(prescription_sign)(
            actor=self.doctor, prescription_id=drafted.pk, revision=drafted.revision, at=clock.now()
        )


def build(cast: Cast) -> Stage:
    at = clock.now()
    furnish(cast)
    carried.load(at=at)
    forms_carried.publish_all(at=at)
    PriceItem.objects.create(
        code=FEE, name="线上复诊", category=Category.REGISTRATION, price=5000, unit="次",
        effective_from=at - timedelta(days=365), source="tests",
    )  # fmt: skip
    day = clock.business_day(at) + timedelta(days=1)
    from datetime import time

    RosterSlot.objects.create(
        doctor=cast.doctor_li.staff, department=cast.oncology, weekday=day.isoweekday(), starts=time(14), ends=time(16),
        kind="online", level="expert", period_minutes=30, places_per_period=10, fee_item=FEE, effective_from=day,
        effective_to=day,
    )  # fmt: skip
    appointments.services.sessions_generate(actor=HOUSE, first=day, last=day, at=at)
    return Stage(cast, at, Session.objects.get(doctor=cast.doctor_li.staff, kind="online"))
