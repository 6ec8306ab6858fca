"""A package that somebody of the demo owes, so that cashier page and cash desk have one to show."""

from datetime import datetime

from django.db import transaction

from hospital.kit.actor import system
from hospital.people.models import Patient

from .. import selectors, services
from ..kinds import COUNTER
from ..models import Charge

_BILL = 1  # subjects of the counter that the seed uses otherwise are numbered by the day


def owed(at: datetime) -> None:
    patient = Patient.objects.filter(record_no="80000003").first()
    if patient is None or Charge.objects.filter(kind=COUNTER, subject_id=_BILL).exists():
        return
    if selectors.package_at("PKG-BREAST", at=at) is None:
        return
    with transaction.atomic():
        services.charge_create(
            actor=system("billing.seed"), patient_id=patient.pk, kind=COUNTER, subject_id=_BILL, at=at,
            lines=[services.LineSpec("PKG-BREAST"), services.LineSpec("340200001", 2)],
        )  # fmt: skip
