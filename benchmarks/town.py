"""The people and the clinics of a benchmark: callers with browsers of their own, and as many days of one doctor as it asks for."""

import secrets
from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any

_BORN = date(1950, 1, 1)


class Town:
    """Callers are signed-in patients who act for themselves; the first two have a test client too."""

    def __init__(self, callers: int) -> None:
        from hospital.kit import clock
        from tests.appointments.conftest import prices
        from tests.cast import Person, build, client_for

        self.cast = build(clock.now())
        prices(self.cast)
        self.people = [Person(patient.name, account, patient) for patient, account in _patients(callers, self.cast.at)]
        self.clients = [client_for(person, HTTP_HOST="127.0.0.1") for person in self.people[:2]]
        own = [client.cookies["ih_session"].value for client in self.clients]
        self.cookies = [*own, *_signed_in([person.account for person in self.people[2:]], like=own[0])]
        self.day = 0

    def periods(self, count: int, places: int) -> list[int]:
        """So many periods of half an hour on days of their own, six a morning, each with so many places."""
        from appointments.services.sessions import Plan, session_add
        from hospital.kit import clock
        from tests.appointments.conftest import FEE, HOUSE

        made: list[int] = []
        while len(made) < count:
            self.day += 1
            wanted = min(6, count - len(made))
            plan = Plan(
                doctor_id=self.cast.doctor_li.staff.pk, department_id=self.cast.oncology.pk,
                day=clock.today() + timedelta(days=self.day), starts=time(9), ends=time(9 + wanted // 2, wanted % 2 * 30),
                kind="clinic", level="expert", minutes=30, places=places, fee_item=FEE,
            )  # fmt: skip
            session = session_add(actor=HOUSE, plan=plan, at=clock.now())
            made += session.periods.order_by("pk").values_list("pk", flat=True)
        return made

    def a_day_passes(self) -> None:
        """Nobody looks like a dealer for what they booked in the round before (AP-07); everybody's page was just loaded."""
        from django.contrib.sessions.models import Session
        from django.db import connection

        from hospital.kit import clock

        with connection.cursor() as cursor:
            cursor.execute("UPDATE appointments_booking SET created_at = created_at - interval '2 days'")
        kept = list(Session.objects.filter(session_key__in=self.cookies))
        for row in kept:
            row.session_data = Session.objects.encode(
                row.get_decoded() | {"people.seen_at": clock.now().timestamp() + 60}
            )
        Session.objects.bulk_update(kept, ["session_data"], batch_size=1000)


def _patients(count: int, at: Any) -> list[tuple[Any, Any]]:
    """Patients with a proved name, and the account of each."""
    from hospital.people import identity
    from hospital.people.models import Account, DocumentType, FamilyLink, Patient, Relation, Sex

    patients = [
        Patient(
            record_no=f"B{number:07d}", name=f"赵{number}", document_type=DocumentType.ID_CARD, sex=Sex.FEMALE,
            document_no=identity.compose("120103", _BORN + timedelta(days=number), 2), phone=f"1980{number:07d}",
            birth_date=_BORN + timedelta(days=number), region_code="120103", verified_at=at, created_at=at,
        )
        for number in range(count)
    ]  # fmt: skip
    accounts = [Account(login=f"b{number:07d}", phone=f"1980{number:07d}", created_at=at) for number in range(count)]
    for account in accounts:
        account.set_unusable_password()
    Patient.objects.bulk_create(patients)
    Account.objects.bulk_create(accounts)
    FamilyLink.objects.bulk_create(
        FamilyLink(account=account, patient=patient, relation=Relation.SELF, consented_at=at, consent_version="test")
        for patient, account in zip(patients, accounts, strict=True)
    )
    return list(zip(patients, accounts, strict=True))


def _signed_in(accounts: Sequence[Any], *, like: str) -> list[str]:
    """Cookies of sessions like that one, one for each account."""
    from django.contrib.sessions.models import Session

    pattern = Session.objects.get(session_key=like)
    held = pattern.get_decoded()
    made = [
        Session(
            session_key=secrets.token_hex(16), expire_date=pattern.expire_date,
            session_data=Session.objects.encode(
                held | {"_auth_user_id": str(account.pk), "_auth_user_hash": account.get_session_auth_hash()}
            ),
        )
        for account in accounts
    ]  # fmt: skip
    Session.objects.bulk_create(made)
    return [row.session_key for row in made]


def sold(periods: Sequence[int]) -> int:
    """Places of these periods that a booking has."""
    from appointments.models import Booking
    from appointments.states import ACTIVE_BOOKING

    return Booking.objects.filter(period__in=periods, status__in=ACTIVE_BOOKING).count()


def broken_invariants() -> list[str]:
    from tests.appointments import conftest

    broken: dict[str, Any] = conftest.broken_invariants()
    return sorted(broken)
