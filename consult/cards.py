"""What the doctor did, as cards in the talk; told by emr's notices."""

from datetime import datetime

from django.db import transaction

from emr.models import Encounter, Order, Prescription

from .services.applying import BECAUSE
from .services.talking import card_add


def _visit_id(encounter: Encounter) -> int:
    assert encounter.because == BECAUSE and encounter.because_id is not None
    return encounter.because_id


def ordered(order_id: int, at: datetime) -> None:
    order = Order.objects.select_related("encounter").get(pk=order_id)
    names = "、".join(order.items.order_by("pk").values_list("name", flat=True))
    with transaction.atomic():
        card_add(
            visit_id=_visit_id(order.encounter), card={"what": "order", "id": order.pk, "kind": order.kind},
            text=names, at=at,
        )  # fmt: skip


def prescribed(prescription_id: int, at: datetime) -> None:
    prescription = Prescription.objects.select_related("encounter").get(pk=prescription_id)
    names = "、".join(prescription.lines.order_by("position").values_list("name", flat=True))
    with transaction.atomic():
        card_add(
            visit_id=_visit_id(prescription.encounter), card={"what": "prescription", "id": prescription.pk}, text=names,
            at=at,
        )  # fmt: skip


def note_signed(encounter_id: int, at: datetime) -> None:
    encounter = Encounter.objects.get(pk=encounter_id)
    names = "、".join(encounter.diagnoses.filter(withdrawn_at=None).order_by("role").values_list("display", flat=True))
    with transaction.atomic():
        card_add(visit_id=_visit_id(encounter), card={"what": "note", "id": encounter.pk}, text=names, at=at)
