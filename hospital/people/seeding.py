"""Demo patients: invented names, well formed numbers made by chance, phones of one series.

The first is Wang Fang (王芳), the breast-cancer patient of the demo's day, who acts for her mother; the second is a
stranger to her. Run again, it changes nothing.
"""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from hospital.kit.fields import blind

from . import identity
from .models import Account, DocumentType, FamilyLink, Patient, Relation, Sex, VisitCard
from .services.family import CONSENT_VERSION

_HOW_MANY = {"tiny": 2, "demo": 20, "large": 100_000}
_BATCH = 2_000

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN_FEMALE = [
    "芳",
    "秀英",
    "桂兰",
    "淑华",
    "玉珍",
    "丽娟",
    "慧敏",
    "晓燕",
    "雪梅",
    "文静",
    "春霞",
    "佳宁",
    "思雨",
    "月红",
    "美玲",
]
_GIVEN_MALE = [
    "伟",
    "建国",
    "志强",
    "国庆",
    "海涛",
    "文斌",
    "永健",
    "立新",
    "德明",
    "家豪",
    "晓峰",
    "振华",
    "学军",
    "俊杰",
    "长林",
]
_REGIONS = ["120101", "120103", "120104", "130102", "130203", "110105", "370102", "140105", "210102", "320102"]


@dataclass(frozen=True)
class _Invented:
    name: str
    sex: str
    birth: date
    region: str
    order: int
    phone: str

    @property
    def document_no(self) -> str:
        return identity.compose(self.region, self.birth, self.order)


_WANG_FANG = _Invented("王芳", Sex.FEMALE, date(1978, 5, 12), "120103", 28, "19900000001")
_ZHAO_MIN = _Invented("赵敏", Sex.FEMALE, date(1985, 9, 30), "120104", 46, "19900000002")
_MOTHER = _Invented("李桂兰", Sex.FEMALE, date(1951, 2, 3), "120103", 64, "19900000001")


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    """2, 20 or 100,000 patients with accounts, and Wang Fang's mother."""
    everyone = _everyone(rng, _HOW_MANY[size])
    for start in range(0, len(everyone), _BATCH):
        with transaction.atomic():
            _enrol(everyone[start : start + _BATCH], first=start + 1, at=at)
    _mother_of_wang_fang(at)


def _everyone(rng: random.Random, how_many: int) -> list[_Invented]:
    """So many people, no two of one document: among 100,000 chance makes some twice, and those are thrown again."""
    taken = {person.document_no for person in (_WANG_FANG, _ZHAO_MIN, _MOTHER)}
    everyone = [_WANG_FANG, _ZHAO_MIN]
    while len(everyone) < how_many:
        person = _invent(rng, len(everyone) + 1)
        if person.document_no not in taken:
            taken.add(person.document_no)
            everyone.append(person)
    return everyone


def _invent(rng: random.Random, number: int) -> _Invented:
    sex = Sex.FEMALE if rng.random() < 0.7 else Sex.MALE
    name = rng.choice(_SURNAMES) + rng.choice(_GIVEN_FEMALE if sex == Sex.FEMALE else _GIVEN_MALE)
    birth = date(1940, 1, 1) + timedelta(days=rng.randrange(365 * 62))
    order = rng.randrange(500) * 2 + (1 if sex == Sex.MALE else 0)
    return _Invented(name, sex, birth, rng.choice(_REGIONS), order, f"199{number:08d}")


def _enrol(people: list[_Invented], *, first: int, at: datetime) -> None:
    """Account, patient, visit card and the link between them, for those who aren't here yet."""
    phones = {blind(person.phone, purpose="account.phone"): person for person in people}
    here = set(Account.objects.filter(phone_index__in=phones).values_list("phone_index", flat=True))
    numbered = [(first + place, person) for place, (index, person) in enumerate(phones.items()) if index not in here]
    accounts = [
        Account(login=f"demo-p{n:06d}", phone=p.phone, password=make_password(None), created_at=at) for n, p in numbered
    ]
    patients = [_patient(f"8{number:07d}", person, at) for number, person in numbered]
    Account.objects.bulk_create(accounts)
    Patient.objects.bulk_create(patients)
    VisitCard.objects.bulk_create(VisitCard(patient=row, number=f"V{row.record_no}", issued_at=at) for row in patients)
    FamilyLink.objects.bulk_create(
        _link(account, patient, Relation.SELF, at) for account, patient in zip(accounts, patients, strict=True)
    )


def _patient(record_no: str, person: _Invented, at: datetime) -> Patient:
    return Patient(
        record_no=record_no, name=person.name, document_type=DocumentType.ID_CARD, document_no=person.document_no,
        phone=person.phone, sex=person.sex, birth_date=person.birth, region_code=person.region,
        verified_at=at - timedelta(days=200), created_at=at - timedelta(days=200),
    )  # fmt: skip


def _link(account: Account, patient: Patient, relation: str, at: datetime) -> FamilyLink:
    return FamilyLink(
        account=account, patient=patient, relation=relation, consented_at=at, consent_version=CONSENT_VERSION
    )


def _mother_of_wang_fang(at: datetime) -> None:
    index = blind(_MOTHER.document_no, purpose="patient.document_no")
    if Patient.objects.filter(document_index=index).exists():
        return
    account = Account.objects.get(phone_index=blind(_WANG_FANG.phone, purpose="account.phone"))
    with transaction.atomic():
        mother = _patient("80000000", _MOTHER, at)
        mother.save(force_insert=True)
        VisitCard.objects.create(patient=mother, number=f"V{mother.record_no}", issued_at=at)
        _link(account, mother, Relation.PARENT, at).save(force_insert=True)
