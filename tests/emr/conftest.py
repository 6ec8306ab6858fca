"""A visit of Wang Fang with Doctor Li, the catalogues that it needs, and short ways to say what happens in it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from billing import services as billing
from billing.models import Category, PriceItem
from billing.services.payments import payment_take
from emr import notices, services
from emr.models import Drug, Encounter, Note, Orderable
from emr.services import DiagnosisSpec, ItemSpec, LineSpec, ObservationSpec
from hospital.kit import clock
from hospital.kit.actor import system
from hospital.kit.transactions import entry
from hospital.organisation.models import CodeSystem, Concept, Staff
from tests.cast import Cast, Person, actor_of_person

HOUSE = system("tests.emr")

FIELDS = {
    "chief_complaint": "右乳癌术后2年复查",
    "present_illness": "术后规律内分泌治疗，无胸痛、骨痛，食欲睡眠可。与上次相比无明显变化。",
    "change": "same",
    "exam": "右侧胸壁瘢痕平整，未触及结节。",
    "plan": "继续来曲唑内分泌治疗，复查血常规、肝肾功能、肿瘤标志物。",
}
C50 = "C50.900"


def price(code: str, fen: int, category: str = Category.LAB) -> None:
    PriceItem.objects.get_or_create(
        code=code, defaults={"name": code, "category": category, "unit": "次", "price": fen,
                             "effective_from": clock.now() - timedelta(days=900)},
    )  # fmt: skip


def concept(system_: str, code: str, display: str, **properties: Any) -> Concept:
    return Concept.objects.get_or_create(
        system=system_,
        code=code,
        defaults={"display": display, "folded": display.lower(), "properties": properties, "source": "tests"},
    )[0]


def drug(code: str, name: str, **columns: Any) -> Drug:
    price(f"drug-{code}", 1200, Category.WESTERN_DRUG)
    values = {
        "name": name, "form": "片剂", "strength": "2.5mg×30片", "dose_unit": "mg", "unit_dose": Decimal("2.5"),
        "unit": "片", "pack_unit": "盒", "pack_size": 30, "routes": ["口服"], "ingredient": name, "atc": "L02BG04",
        "max_single": Decimal("2.5"), "max_daily": Decimal("2.5"), "price_code": f"drug-{code}", "source": "tests",
    }  # fmt: skip
    return Drug.objects.create(code=code, **{**values, **columns})


@dataclass
class Clinic:
    """Wang Fang's open visit, and verbs in plain words."""

    cast: Cast
    encounter: Encounter

    @property
    def li(self) -> Any:
        return actor_of_person(self.cast.doctor_li)

    @property
    def note(self) -> Note:
        return Note.objects.get(encounter=self.encounter)

    def actor(self, person: Person) -> Any:
        return actor_of_person(person)

    def save(self, fields: dict[str, str] | None = None, *, code: str = C50, revision: int | None = None) -> Note:
        note = self.note
        return entry(services.note_save)(
            actor=self.li, note_id=note.pk, fields=FIELDS if fields is None else fields,
            diagnoses=[DiagnosisSpec(code, "main")],
            revision=note.revision if revision is None else revision, at=clock.now(),
        )  # fmt: skip

    def none_known(self) -> None:
        with transaction.atomic():
            services.allergy_none_known(actor=self.li, patient_id=self.encounter.patient_id, at=clock.now())

    def sign(self) -> Any:
        self.none_known()
        note = self.save()
        return entry(services.note_sign)(actor=self.li, note_id=note.pk, revision=note.revision, at=clock.now())

    def order(self, *codes: str, kind: str = "lab") -> Any:
        return entry(services.order_place)(
            actor=self.li, encounter_id=self.encounter.pk, kind=kind,
            items=[ItemSpec(code) for code in codes or ("lab-cbc",)], at=clock.now(),
        )  # fmt: skip

    def file(self, order: Any = None, *, key: str = "LAB|1", values: Any = None, patient_id: int | None = None) -> Any:
        values = values or [("hgb", "血红蛋白", "108", "g/L", "115-150")]
        return entry(services.report_file)(
            actor=HOUSE, placer_number=order.placer_number if order else "",
            patient_id=patient_id or self.encounter.patient_id,
            observations=[ObservationSpec(*value) for value in values], source_key=key, at=clock.now(),
        )  # fmt: skip

    def release(self, report: Any, comment: str = "") -> Any:
        return entry(services.report_release)(actor=self.li, report_id=report.pk, at=clock.now(), comment=comment)

    def line(self, code: str = "letrozole", **changes: Any) -> LineSpec:
        values = {"dose": Decimal("2.5"), "per_day": Decimal(1), "days": 7, "route": "口服", "usage_note": "早餐后"}
        return LineSpec(code, **{**values, **changes})

    def draft(self, *lines: LineSpec, **changes: Any) -> Any:
        return entry(services.prescription_draft)(
            actor=self.li, encounter_id=self.encounter.pk, lines=lines or [self.line()], at=clock.now(), **changes
        )

    def prescribe(self, *lines: LineSpec, **changes: Any) -> Any:
        self.none_known()
        if not self.note.draft:
            self.save()
        drafted = self.draft(*lines, **changes)
        return entry(services.prescription_sign)(
            actor=self.li, prescription_id=drafted.pk, revision=drafted.revision, at=clock.now()
        )

    def take(self, prescription: Any, person: Person | None = None) -> Any:
        actor = actor_of_person(person or self.cast.pharmacist)
        return entry(services.prescription_take)(actor=actor, prescription_id=prescription.pk, at=clock.now())

    def review(self, prescription: Any, outcome: str = "pass", person: Person | None = None, comment: str = "") -> Any:
        actor = actor_of_person(person or self.cast.pharmacist)
        return entry(services.prescription_review)(
            actor=actor, prescription_id=prescription.pk, outcome=outcome, comment=comment, at=clock.now()
        )

    def pay(self, row: Any) -> None:
        """The patient pays by the channel; billing's notice tells emr."""
        row.refresh_from_db()
        at = clock.now()
        with transaction.atomic():
            order = billing.pay_order_open(
                actor=actor_of_person(self.cast.wang_fang), charge_ids=[row.charge_id], channel="wechat", method="h5",
                at=at,
            )  # fmt: skip
            money = billing.Money(f"T{order.pk}", order.amount, at, "query")
            payment_take(order_id=order.pk, money=money, at=at, actor=HOUSE)
        billing.notices_deliver(at=clock.now())
        row.refresh_from_db()

    def tell(self) -> int:
        return notices.deliver_due(at=clock.now() + timedelta(seconds=1))


def open_visit(cast: Cast, *, kind: str = "O", patient: Person | None = None) -> Encounter:
    with transaction.atomic():
        return services.encounter_open(
            actor=HOUSE, patient_id=(patient or cast.wang_fang).patient_id, kind=kind,
            department_id=cast.oncology.pk, doctor_id=cast.doctor_li.staff.pk, because="", because_id=None,
            at=clock.now() - timedelta(minutes=20),
        )  # fmt: skip


def furnish(cast: Cast) -> None:
    """Catalogues, prices, drugs."""
    for code, display in (
        (C50, "乳房恶性肿瘤"),
        ("C61.x00", "前列腺恶性肿瘤"),
        ("K29.500", "慢性胃炎"),
        ("R69.x01", "发热待查"),
    ):
        concept(CodeSystem.ICD10, code, display)
    concept(
        CodeSystem.LAB,
        "hgb",
        "血红蛋白",
        unit="g/L",
        ref_kind="range",
        lo_male="130",
        hi_male="175",
        lo_female="115",
        hi_female="150",
    )
    for code, name in (("lab-cbc", "血常规"), ("lab-liver", "肝功能"), ("lab-tm", "肿瘤标志物")):
        price(f"price-{code}", 2500)
        Orderable.objects.create(kind="lab", code=code, name=name, price_code=f"price-{code}", lab_codes=["hgb"])
    drug("letrozole", "来曲唑")
    Staff.objects.filter(pk__in=[cast.doctor_li.staff.pk, cast.other_doctor.staff.pk]).update(licence_no="110120000001")


@pytest.fixture
def clinic(cast: Cast) -> Clinic:
    furnish(cast)
    return Clinic(cast, open_visit(cast))
