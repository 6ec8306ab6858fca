"""Demo patients are well formed, repeatable and added once."""

import random

from hospital.kit import clock
from hospital.people import identity, seeding
from hospital.people.models import Account, FamilyLink, Patient


def _seed(size: str) -> None:
    seeding.seed(size=size, rng=random.Random("1:people"), at=clock.now())


def test_twice_is_once(db) -> None:
    _seed("demo")
    before = (Account.objects.count(), Patient.objects.count(), FamilyLink.objects.count())
    assert before == (20, 21, 21)
    _seed("demo")
    assert (Account.objects.count(), Patient.objects.count(), FamilyLink.objects.count()) == before


def test_numbers_agree_with_the_person(db) -> None:
    _seed("demo")
    for patient in Patient.objects.all():
        said = identity.read(patient.document_type, patient.document_no, today=clock.today())
        assert (said.birth_date, said.sex, said.region) == (patient.birth_date, patient.sex, patient.region_code)


def test_among_many_no_two_have_one_document() -> None:
    """Chance alone makes doubles among so many (the control), and the first of them ended the large hospital's seed."""
    many = 60_000
    dice = random.Random("1:people")
    by_chance = {seeding._invent(dice, number).document_no for number in range(many)}
    assert len(by_chance) < many
    everyone = seeding._everyone(random.Random("1:people"), many)
    assert len({person.document_no for person in everyone}) == len({person.phone for person in everyone}) == many
