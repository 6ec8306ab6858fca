"""The cast: the people whom every test knows by name, built through the product's own models and sessions.

    def test_a_stranger_sees_nothing(cast):
        assert client_for(cast.stranger).get(f"/visits/{visit.pk}/").status_code == 404

Wang Fang is the patient of most stories and acts for her mother; the stranger is the other patient, who must never
see anything of them. Doctor Li works in oncology; the other doctor doesn't. All numbers and names are made up.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.test import Client
from django.utils.module_loading import import_string
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.kit import clock
from hospital.kit.actor import ANONYMOUS, Actor, Role, system
from hospital.organisation import names, selectors
from hospital.organisation.models import Campus, CareRelation, Department, Post, Staff, Title
from hospital.people import identity, sessions
from hospital.people.models import Account, DocumentType, FamilyLink, Patient, Relation, Sex, VisitCard

HOUSE = system("tests.cast")


@dataclass
class Person:
    """Someone of the cast. A family member who never signs in has no account; a patient has no staff row."""

    name: str
    account: Any = None
    patient: Any = None
    staff: Any = None
    device: Any = None
    phone: str = ""

    @property
    def patient_id(self) -> int:
        return int(self.patient.pk)


def client_for(person: Person | None, **client_options: Any) -> Client:
    """A browser that `person` has signed in on, as the product signs in; None is a browser that nobody signed in on."""
    client = Client(**client_options)
    if person is None:
        return client
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    store = import_string(f"{_session_engine()}.SessionStore")
    session: SessionBase = store()
    request.session = session
    sessions.begin(request, person.account, at=clock.now(), device=person.device)
    session.save()
    client.cookies[_session_cookie()] = str(session.session_key)
    return client


def _session_engine() -> str:
    from django.conf import settings

    return str(settings.SESSION_ENGINE)


def _session_cookie() -> str:
    from django.conf import settings

    return str(settings.SESSION_COOKIE_NAME)


def actor_of_person(person: Person | None, at: datetime | None = None) -> Actor:
    """The actor that the middleware would build for this person."""
    if person is None:
        return ANONYMOUS
    return selectors.actor_for(person.account, at=at or clock.now(), ip="127.0.0.1")


def give_password(person: Person, password: str) -> None:
    person.account.set_password(password)
    person.account.save(update_fields=["password"])


@dataclass
class Cast:
    at: datetime
    campus: Any = None
    oncology: Any = None
    radiotherapy: Any = None
    pharmacy: Any = None
    lab: Any = None
    office: Any = None  # finance, records, audit and administration sit here
    wang_fang: Any = None
    mother: Any = None  # of Wang Fang, who acts for her
    stranger: Any = None
    unverified: Any = None  # signed up, real name not proved
    doctor_li: Any = None  # oncology
    other_doctor: Any = None  # radiotherapy
    nurse: Any = None  # oncology
    therapist: Any = None  # radiotherapy
    technician: Any = None  # laboratory
    pharmacist: Any = None
    second_pharmacist: Any = None
    cashier: Any = None
    finance: Any = None
    second_finance: Any = None
    head: Any = None  # of oncology
    case_manager: Any = None  # oncology
    records: Any = None
    auditor: Any = None
    admin: Any = None
    _sequence: int = field(default=0)

    def new_patient(
        self,
        name: str,
        *,
        birth: date = date(1975, 3, 8),
        sex: str = Sex.FEMALE,
        account: bool = True,
        verified: bool = True,
    ) -> Person:
        """One more patient, with an account that acts for them unless told otherwise."""
        self._sequence += 1
        number = self._sequence
        phone = f"1990000{number:04d}"
        order = number * 2 if sex == Sex.FEMALE else number * 2 + 1
        patient = Patient.objects.create(
            record_no=f"T{number:07d}",
            name=name,
            document_type=DocumentType.ID_CARD,
            document_no=identity.compose("120103", birth, order),
            phone=phone,
            sex=sex,
            birth_date=birth,
            region_code="120103",
            verified_at=self.at if verified else None,
            created_at=self.at,
        )
        VisitCard.objects.create(patient=patient, number=f"V{patient.record_no}", issued_at=self.at)
        person = Person(name=name, patient=patient, phone=phone)
        if account:
            person.account = self._account(f"p{number:07d}", phone=phone)
            self.links(person, person, Relation.SELF)
        return person

    def new_staff(self, name: str, department: Any, *roles: Role, title: str = "", **columns: Any) -> Person:
        """One more member of staff, with a post from a year ago and a second factor."""
        self._sequence += 1
        number = f"S{self._sequence:05d}"
        account = self._account(number, is_staff=True, is_superuser=Role.ADMIN in roles)
        pinyin, initials = names.person(name)
        staff = Staff.objects.create(
            account=account, number=number, name=name, pinyin=pinyin, initials=initials, title=title, **columns
        )
        since = clock.business_day(self.at) - timedelta(days=365)
        for role in roles:
            Post.objects.create(staff=staff, department=department, role=role.value, effective_from=since)
        device = TOTPDevice.objects.create(user=account, name="default", confirmed=True)
        return Person(name=name, account=account, staff=staff, device=device)

    def links(self, who: Person, whom: Person, relation: str) -> FamilyLink:
        """`who` may act for `whom` from now on."""
        return FamilyLink.objects.create(
            account=who.account, patient=whom.patient, relation=relation, consented_at=self.at, consent_version="test"
        )

    def care_begins(self, carer: Person, patient: Person, *, hours: int = 24) -> CareRelation:
        """`carer` treats `patient` for some hours: only then may the record be opened (MR-12)."""
        return CareRelation.objects.create(
            patient=patient.patient, staff=carer.staff, because="tests", because_id=None,
            starts_at=self.at - timedelta(minutes=1), ends_at=self.at + timedelta(hours=hours),
        )  # fmt: skip

    def _account(self, login: str, **columns: Any) -> Account:
        account = Account(login=login, created_at=self.at, **columns)
        account.set_unusable_password()
        account.save(force_insert=True)
        return account


def _department(campus: Campus, code: str, national_code: str, name: str) -> Department:
    pinyin, initials = (sound.strip() for sound in names.sounds([name]))
    return Department.objects.create(
        campus=campus, code=code, national_code=national_code, name=name, pinyin=pinyin, initials=initials,
        licence_scopes=["内科专业"],
    )  # fmt: skip


def build(at: datetime) -> Cast:
    cast = Cast(at=at)
    cast.campus = Campus.objects.create(code="T1", name="滨江院区", address="虚构路 1 号", phone="000-0000000")
    cast.oncology = _department(cast.campus, "T-ONC", "A19", "乳腺肿瘤内科")
    cast.radiotherapy = _department(cast.campus, "T-RT", "A32.10", "放射治疗科")
    cast.pharmacy = _department(cast.campus, "T-PHA", "A69", "药学部")
    cast.lab = _department(cast.campus, "T-LAB", "A30", "检验科")
    cast.office = _department(cast.campus, "T-OFF", "A69", "综合办公室")

    cast.wang_fang = cast.new_patient("王芳", birth=date(1978, 5, 12))
    cast.mother = cast.new_patient("李桂兰", birth=date(1951, 2, 3), account=False)
    cast.links(cast.wang_fang, cast.mother, Relation.PARENT)
    cast.stranger = cast.new_patient("赵敏", birth=date(1985, 9, 30))
    cast.unverified = cast.new_patient("孙未", birth=date(1990, 1, 1), verified=False)

    since = date(2010, 7, 1)
    doctor = {"practising_since": since, "online_consent_at": at, "is_listed": True, "licence_scope": "内科专业"}
    cast.doctor_li = cast.new_staff(
        "李建国", cast.oncology, Role.DOCTOR, title=Title.CHIEF, licence_no="T110000000001", **doctor
    )
    cast.other_doctor = cast.new_staff(
        "周放", cast.radiotherapy, Role.DOCTOR, title=Title.ASSOCIATE_CHIEF, licence_no="T110000000002", **doctor
    )
    cast.nurse = cast.new_staff("吴护", cast.oncology, Role.NURSE, title=Title.NURSE)
    cast.therapist = cast.new_staff("郑疗", cast.radiotherapy, Role.THERAPIST, title=Title.TECHNICIAN)
    cast.technician = cast.new_staff("冯检", cast.lab, Role.TECHNICIAN, title=Title.TECHNICIAN)
    cast.pharmacist = cast.new_staff("陈药", cast.pharmacy, Role.PHARMACIST, title=Title.PHARMACIST)
    cast.second_pharmacist = cast.new_staff("褚药", cast.pharmacy, Role.PHARMACIST, title=Title.PHARMACIST)
    cast.cashier = cast.new_staff("卫收", cast.office, Role.CASHIER)
    cast.finance = cast.new_staff("蒋财", cast.office, Role.FINANCE)
    cast.second_finance = cast.new_staff("沈财", cast.office, Role.FINANCE)
    cast.head = cast.new_staff("韩主任", cast.oncology, Role.HEAD, Role.DOCTOR, title=Title.CHIEF, **doctor)
    cast.case_manager = cast.new_staff("杨管", cast.oncology, Role.CASE_MANAGER)
    cast.records = cast.new_staff("朱案", cast.office, Role.RECORDS)
    cast.auditor = cast.new_staff("秦审", cast.office, Role.AUDITOR)
    cast.admin = cast.new_staff("尤管", cast.office, Role.ADMIN)
    return cast
