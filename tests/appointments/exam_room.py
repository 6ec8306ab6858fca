"""A small exam department for the tests: blood is drawn, a CT with and without contrast, a barium meal."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

import emr.services
from appointments.models import ExamItem, ExamMachine, ExamRule, ExamShift, PrepQuestion
from emr.models import Order, Orderable
from hospital.kit import clock
from tests.appointments.conftest import HOUSE
from tests.cast import Cast, Person, actor_of_person


@dataclass
class ExamRoom:
    cast: Cast
    at: datetime
    items: dict[str, ExamItem]
    machines: dict[str, ExamMachine]
    encounters: dict[int, int]

    @property
    def day(self) -> date:
        return clock.business_day(self.at) + timedelta(days=1)

    def order(self, person: Person, *codes: str) -> Order:
        """Doctor Li's order, paid (it is free of charge here)."""
        doctor = actor_of_person(self.cast.doctor_li)
        with transaction.atomic():
            if person.patient_id not in self.encounters:
                self.encounters[person.patient_id] = emr.services.encounter_open(
                    actor=doctor, patient_id=person.patient_id, kind="O", department_id=self.cast.oncology.pk,
                    doctor_id=self.cast.doctor_li.staff.pk, because="tests", because_id=person.patient_id, at=self.at,
                ).pk  # fmt: skip
            return emr.services.order_place(
                actor=doctor, encounter_id=self.encounters[person.patient_id], kind="imaging",
                items=[emr.services.ItemSpec(code) for code in codes], at=self.at,
            )  # fmt: skip


def shift(machine: ExamMachine, staff: Any, day: date, begins: time, ends: time) -> ExamShift:
    start, end = clock.at_local(day, begins), clock.at_local(day, ends)
    return ExamShift.objects.create(
        machine=machine, staff=staff, during=DateTimeTZRange(start, end), normal_until=end - (end - start) / 10
    )


def build_exam_room(cast: Cast, at: datetime, *, days: int = 3) -> ExamRoom:
    machines = {
        name: ExamMachine.objects.create(name=name, campus=cast.campus, room=f"{name} 室")
        for name in ("采血", "CT", "X 光")
    }
    items = {}
    for code, machine, minutes, traits, fasting in (
        ("DRAW", "采血", 10, ["blood"], 8), ("CT", "CT", 20, ["ct"], 0), ("CT-C", "CT", 20, ["ct", "iodine"], 0),
        ("MEAL", "X 光", 30, ["barium"], 0),
    ):  # fmt: skip
        items[code] = ExamItem.objects.create(
            code=code,
            name=f"{code} 检查",
            minutes=minutes,
            traits=traits,
            fasting_hours=fasting,
            advice="请带好检查单。",
        )
        items[code].machines.add(machines[machine])
        items[code].orderables.add(Orderable.objects.create(kind="imaging", code=f"X-{code}", name=f"{code} 检查"))
    PrepQuestion.objects.create(
        item=items["CT-C"], text="对造影剂过敏吗？", refuse_when="yes", why="请先联系开单医生。"
    )
    ExamRule.objects.create(first="barium", then="ct", minutes=7 * 24 * 60, why="钡剂会遮挡 CT")
    ExamRule.objects.create(first="iodine", then="blood", minutes=24 * 60, why="先抽血，再打造影剂")
    staff = [cast.technician, cast.nurse, cast.therapist]
    room = ExamRoom(cast, at, items, machines, {})
    for number in range(days):
        for machine, person in zip(machines.values(), staff, strict=True):
            shift(machine, person.staff, room.day + timedelta(days=number), time(8), time(10))
    return room


__all__ = ["HOUSE", "ExamRoom", "build_exam_room", "shift"]
