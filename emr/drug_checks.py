"""Drug checks with the hospital's own tables (rules section 9). A finding names its rule and its source.

HARD stops; SOFT needs a reason that the pharmacist reads; UNCHECKED says that the facts to judge by are missing:
"not checked" is never shown as "safe" (DS-14).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from hospital.people.models import Sex

from .models import Allergy, Drug, Prescription, PrescriptionLine


class Level(StrEnum):
    HARD = "hard"
    SOFT = "soft"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    level: Level
    drug: str
    text: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Dose:
    """A line to be checked."""

    drug: Drug
    dose: Decimal
    per_day: Decimal
    days: int
    route: str


def packs(dose: Dose) -> int:
    """DS-05: how many packs the usage needs; the quantity of a line is computed, never typed."""
    units = dose.dose * dose.per_day * dose.days / dose.drug.unit_dose
    # Decimal's // cuts towards zero, so the usual trick with two minus signs would hand out one pack too few.
    return max(1, int((units / dose.drug.pack_size).to_integral_value(ROUND_CEILING)))


def check(
    doses: Sequence[Dose], allergies: Sequence[Allergy], active: Sequence[PrescriptionLine], sex: str
) -> list[Finding]:
    """All findings about these lines for this patient, hard ones first."""
    found: list[Finding] = []
    for dose in doses:
        found += (
            _allergy(dose, allergies) + _amount(dose) + _route(dose) + _sex(dose, sex) + _duplicate(dose, doses, active)
        )
    order = list(Level)
    return sorted(found, key=lambda one: order.index(one.level))


def _allergy(dose: Dose, allergies: Sequence[Allergy]) -> list[Finding]:
    """DS-01: the ingredient or its group stands in the allergy list."""
    name = dose.drug.name
    if not allergies:
        return [Finding("DS-01", Level.UNCHECKED, name, _("Allergies: not recorded, not checked."))]
    words = {word for word in (dose.drug.ingredient, dose.drug.name) if word}
    hits = [
        row.substance
        for row in allergies
        if not row.none_known
        and (
            row.group in dose.drug.allergy_groups
            or any(word in row.substance or row.substance in word for word in words)
        )
    ]
    return [
        Finding("DS-01", Level.HARD, name, _("Allergy on record: %(substance)s.") % {"substance": hit}) for hit in hits
    ]


def _amount(dose: Dose) -> list[Finding]:
    """DS-03: the largest single and daily dose of the label."""
    drug, found = dose.drug, []
    limits = (
        (drug.max_single, dose.dose, _("single dose")),
        (drug.max_daily, dose.dose * dose.per_day, _("daily dose")),
    )
    for most, wanted, what in limits:
        if most is None:
            text = _("Largest %(what)s: not in the formulary, not checked.") % {"what": what}
            found.append(Finding("DS-03", Level.UNCHECKED, drug.name, text))
        elif wanted > most:
            values = {
                "what": what,
                "most": f"{most.normalize():f}",
                "unit": drug.dose_unit,
                "wanted": f"{wanted.normalize():f}",
            }
            text = _("The %(what)s of %(wanted)s %(unit)s is above the label's %(most)s %(unit)s.") % values
            found.append(Finding("DS-03", Level.HARD, drug.name, text))
    return found


def _route(dose: Dose) -> list[Finding]:
    """DS-04: the route fits the form."""
    if dose.route in dose.drug.routes:
        return []
    return [Finding("DS-04", Level.HARD, dose.drug.name, _("This form isn't given by this route."))]


def _sex(dose: Dose, sex: str) -> list[Finding]:
    if dose.drug.sex and sex in {Sex.MALE, Sex.FEMALE} and sex != dose.drug.sex:
        return [Finding("DS-06", Level.HARD, dose.drug.name, _("It isn't meant for this patient's sex."))]
    return []


def _duplicate(dose: Dose, doses: Sequence[Dose], active: Sequence[PrescriptionLine]) -> list[Finding]:
    """DS-02: the same ingredient or the same ATC group (fourth level), here or in what the patient takes now."""
    found = []
    here = [other.drug for other in doses if other.drug.pk != dose.drug.pk]
    for other, place in [(drug, _("on this prescription")) for drug in here] + [
        (line.drug, _("taken now")) for line in active
    ]:
        same = other.ingredient == dose.drug.ingredient
        close = bool(other.atc) and other.atc[:5] == dose.drug.atc[:5]
        if same or close:
            values = {"other": other.name, "place": place}
            text = _("Same ingredient as %(other)s, %(place)s.") if same else _("Same group as %(other)s, %(place)s.")
            found.append(Finding("DS-02", Level.SOFT, dose.drug.name, text % values))
    if not dose.drug.atc:
        found.append(Finding("DS-02", Level.UNCHECKED, dose.drug.name, _("No ATC code: the same group isn't checked.")))
    return found


def active_lines(patient_id: int, *, at: datetime, besides: Prescription | None = None) -> list[PrescriptionLine]:
    """What the patient was given by this hospital and, counting the days, hasn't used up yet."""
    rows = (
        PrescriptionLine.objects.filter(
            prescription__patient_id=patient_id,
            prescription__status__in=["approved", "paid", "dispensed", "delivered"],
            prescription__signed_at__gt=at - timedelta(days=366),
        )
        .select_related("drug", "prescription")
        .order_by("-prescription__signed_at", "position")
    )
    left_out = {besides.pk, besides.replaces_id} if besides else set()
    return [line for line in rows if line.prescription_id not in left_out and _lasts(line, at)]


def _lasts(line: PrescriptionLine, at: datetime) -> bool:
    signed_at = line.prescription.signed_at
    return signed_at is not None and signed_at + timedelta(days=line.days) > at
