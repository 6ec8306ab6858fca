"""Radiotherapy for Wang Fang, ordered by Doctor Li: what it needs, and short ways to say what happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from billing import services as billing
from billing.models import Category, PriceItem
from billing.services.payments import payment_take
from emr import services as emr
from emr.models import Diagnosis, DiagnosisRole, Encounter
from hospital.forms import services as forms
from hospital.forms.engine.definition import ALARM
from hospital.forms.models import Response
from hospital.kit import clock, sweeps
from hospital.kit.actor import Actor, Role, system
from hospital.kit.transactions import entry
from hospital.organisation.models import Concept
from tests.cast import Cast, Person, actor_of_person
from treatment import services
from treatment.models import Course, FollowUpPlan, Machine, Session, TreatmentItem

HOUSE = system("tests.treatment")
TOLD_BY = ["billing.notices", "emr.notices", "forms.notices"]


def answers(*choices: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [
        {"linkId": link, "answer": [{"valueCoding": {"code": code, "display": text}}]} for link, code, text in choices
    ]


QUESTIONNAIRE = {
    "resourceType": "Questionnaire", "status": "active", "title": "How are you",
    "item": [
        {
            "linkId": "pain", "text": "Pain", "type": "choice", "required": True,
            "answerOption": [
                {"valueCoding": {"code": "no", "display": "none"}},
                {
                    "valueCoding": {"code": "bad", "display": "unbearable"},
                    "extension": [{"url": ALARM, "valueCode": "urgent"}],
                },
            ],
        }
    ],
}  # fmt: skip


@dataclass
class Ward:
    """The radiotherapy department, one order away from a course."""

    cast: Cast
    item: TreatmentItem
    machine: Machine
    second: Person  # the other therapist
    at: datetime
    diagnosis: Any = None

    def actor(self, person: Person) -> Actor:
        return actor_of_person(person, self.at)

    def tell(self) -> None:
        """A minute later: the lower apps have told what they had to tell."""
        self.at += timedelta(minutes=1)
        for name in TOLD_BY:
            sweeps.run(name, at=self.at)

    def visit(self) -> Encounter:
        visit = entry(emr.encounter_open)(
            actor=HOUSE, patient_id=self.cast.wang_fang.patient_id, kind="O", department_id=self.cast.oncology.pk,
            doctor_id=self.cast.doctor_li.staff.pk, because="", because_id=None, at=self.at,
        )  # fmt: skip
        Diagnosis.objects.create(
            encounter=visit, concept=self.diagnosis, code="C50.9", display="乳腺恶性肿瘤", role=DiagnosisRole.MAIN,
            recorded_by=self.cast.doctor_li.staff, recorded_at=self.at,
        )  # fmt: skip
        return visit

    def order(self, planned: int = 3) -> Course:
        with_visit = self.visit()
        order = entry(emr.order_place)(
            actor=self.actor(self.cast.doctor_li), encounter_id=with_visit.pk, kind="treatment",
            items=[emr.ItemSpec(self.item.code, planned)], at=self.at,
        )  # fmt: skip
        self.tell()
        return Course.objects.get(order=order)

    def pay(self, course: Course) -> None:
        order = course.order
        order.refresh_from_db()

        @entry
        def settle() -> None:
            pay_order = billing.pay_order_open(
                actor=self.actor(self.cast.wang_fang), charge_ids=[order.charge_id], channel="wechat", method="h5",
                at=self.at,
            )  # fmt: skip
            money = billing.Money(f"T{pay_order.pk}", pay_order.amount, self.at, "query")
            payment_take(order_id=pay_order.pk, money=money, at=self.at, actor=HOUSE)

        settle()
        self.tell()
        course.refresh_from_db()

    def paid(self, planned: int = 3) -> Course:
        course = self.order(planned)
        self.pay(course)
        return course

    def place(
        self, course: Course, *, person: Person | None = None, hour: time = time(9), day: date | None = None
    ) -> Any:
        return services.course_place(
            actor=self.actor(person or self.cast.wang_fang), course_id=course.pk, machine_id=self.machine.pk, hour=hour,
            first_day=day or clock.business_day(self.at), at=self.at,
        )  # fmt: skip

    def release(self, course: Course) -> None:
        for person, kind in (
            (self.cast.wang_fang, "consent"),
            (self.cast.doctor_li, "physician"),
            (self.cast.therapist, "physicist"),
        ):
            services.clearance_give(actor=self.actor(person), course_id=course.pk, kind=kind, at=self.at)

    def ready(self, planned: int = 3) -> list[Session]:
        """A course that is paid, placed and released; its sessions in order."""
        course = self.paid(planned)
        sessions = self.place(course)
        self.release(course)
        return list(sessions)

    def arrive(self, session: Session) -> None:
        services.session_check_in(
            actor=self.actor(self.cast.therapist), session_id=session.pk, patient_id=session.patient_id,
            at=session.starts_at,
        )  # fmt: skip

    def execute(self, session: Session, **changes: Any) -> Any:
        values: dict[str, Any] = {
            "identified_by": ["card", "birth_date"], "second_therapist_id": self.second.staff.pk, "dose_cgy": 200,
        }  # fmt: skip
        return services.session_execute(
            actor=self.actor(self.cast.therapist), session_id=session.pk, at=session.ends_at, **{**values, **changes}
        )

    def assess(self, course: Course, before: int) -> None:
        assessment = course.assessments.get(before=before)
        actor = self.actor(self.cast.therapist)
        response_id = services.assessment_begin(actor=actor, assessment_id=assessment.pk, at=self.at)
        self.hand_in(actor, response_id, "no", "none")

    def hand_in(self, actor: Actor, response_id: int, code: str, words: str) -> None:
        response = Response.objects.get(pk=response_id)
        forms.response_submit(
            actor=actor, response_id=response_id, answers=answers(("pain", code, words)), revision=response.revision,
            at=self.at,
        )  # fmt: skip
        self.tell()

    def give(self, sessions: Sequence[Session]) -> None:
        for session in sessions:
            self.arrive(session)
            self.execute(session)


@pytest.fixture
def ward(cast: Cast) -> Ward:
    return furnish(cast)


def furnish(cast: Cast) -> Ward:
    """The item, its price and forms, a machine, a second therapist."""
    at = clock.now()
    PriceItem.objects.create(
        code="rt-fraction", name="调强放疗", category=Category.TREATMENT, unit="次", price=120000,
        effective_from=at - timedelta(days=9),
    )  # fmt: skip
    forms.questionnaire_publish(actor=HOUSE, name="how-are-you", content=QUESTIONNAIRE, at=at)
    plan = FollowUpPlan.objects.create(code="plan", title="Plan", questionnaire="how-are-you", offsets=[7, 30])
    item = TreatmentItem.objects.create(
        code="imrt", name="调强放射治疗", department=cast.radiotherapy, price_code="rt-fraction", minutes=15,
        consent_text="I agree", releases=["physician", "physicist"], two_therapists=True, follow_up=plan,
    )  # fmt: skip
    machine = Machine.objects.create(
        code="L1", name="Linac 1", department=cast.radiotherapy, room="B1-1", opens_at=time(8), closes_at=time(18)
    )
    machine.items.add(item)
    diagnosis = Concept.objects.create(
        system="tests.diagnosis", code="C50.9", display="乳腺恶性肿瘤", folded="乳腺恶性肿瘤", source="tests"
    )
    second = cast.new_staff("冯疗", cast.radiotherapy, Role.THERAPIST)
    return Ward(cast, item, machine, second, at, diagnosis)
