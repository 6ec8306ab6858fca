"""The demo's rosters: one clinic sold out, the same doctor online, and nothing twice."""

import random
from datetime import timedelta

from appointments import seeding, selectors
from appointments.models import Booking, Place, RosterSlot, Session
from billing.models import Category, PriceItem
from hospital.kit import clock
from tests.appointments.conftest import broken_invariants
from tests.cast import Cast


def test_the_demo_day_finds_a_full_clinic_and_the_same_doctor_online(cast: Cast) -> None:
    at = clock.now()
    cast.doctor_li.staff.number = "doctor01"
    cast.doctor_li.staff.save(update_fields=["number"])
    for number in range(12):
        cast.new_patient(f"钱{number}")
    for code in ("110200001", "110200002", "110200003", "111000001", "111000002", "111000003"):
        PriceItem.objects.create(
            code=code, name="诊察费", category=Category.CONSULTATION, price=3000, unit="次", effective_from=cast.at
        )
    seeding.seed(size="demo", rng=random.Random(1), at=at)
    (card,) = selectors.doctor_cards("李建国", at=at)
    assert card.clinic is not None and not card.clinic.is_free
    assert card.online is not None and card.online.is_free and card.online.fee == 3000
    assert card.only_online
    assert not broken_invariants()
    counts = [model.objects.count() for model in (RosterSlot, Session, Place, Booking)]
    seeding.seed(size="demo", rng=random.Random(1), at=at)
    assert [model.objects.count() for model in (RosterSlot, Session, Place, Booking)] == counts


def test_the_large_hospital_has_sixty_places_a_day_for_each_doctor(cast: Cast) -> None:
    evening = clock.day_bounds(clock.today())[1] - timedelta(seconds=1)  # of today nothing is left
    seeding.seed(size="large", rng=random.Random(1), at=evening)
    doctors = RosterSlot.objects.values("doctor").distinct().count()
    assert doctors >= 2
    assert Place.objects.count() == doctors * 30 * 60
