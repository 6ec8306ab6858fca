"""Exam rooms of the demo: what is examined where, the questions before, the table of intervals, two weeks of shifts.

The numbers are a hospital's to decide: each line names its source, and the table is edited in the admin.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from emr.models import Orderable
from hospital.kit import clock
from hospital.kit.actor import Role
from hospital.organisation.models import Post, Staff

from . import parameters
from .models import ExamItem, ExamMachine, ExamRule, ExamShift, PrepQuestion

# machine, room, shifts
_MACHINES = {
    "抽血 1 号台": "门诊二楼 采血室", "抽血 2 号台": "门诊二楼 采血室", "CT 1": "影像楼一层 CT 1 室", "CT 2": "影像楼一层 CT 2 室",
    "SPECT": "影像楼地下 核医学科",
}  # fmt: skip
_DRAW, _CT, _SPECT = ("抽血 1 号台", "抽血 2 号台"), ("CT 1", "CT 2"), ("SPECT",)

# code, name, orderables, machines, minutes, traits, hours of fasting, advice
_ITEMS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], int, tuple[str, ...], int, str], ...] = (
    ("DRAW", "抽血（空腹）", ("LAB-LIVER", "LAB-KIDNEY"), _DRAW, 10, ("blood",), 8, "前一晚 22 点后不要进食，可以少量喝白水。"),
    ("DRAW-ANY", "抽血", ("LAB-CBC", "LAB-TM-BREAST"), _DRAW, 10, ("blood",), 0, "不需要空腹。"),
    ("CT-CHEST", "胸部 CT 平扫", ("CT-CHEST",), _CT, 10, ("ct",), 0, "取下金属饰品，听口令屏气。"),
    ("CT-CHEST-C", "胸部 CT 增强", ("CT-CHEST-C",), _CT, 20, ("ct", "contrast.iodine"), 4, "空腹 4 小时；检查后多喝水，留观 30 分钟。"),
    ("BONE-SCAN", "全身骨显像", ("BONE-SCAN",), _SPECT, 30, ("nuclear",), 0, "注射后多饮水，检查前排尿。"),
)  # fmt: skip

_QUESTIONS = {
    "CT-CHEST": [("是否怀孕或可能怀孕？", "yes", "怀孕期间一般不做 CT，请先联系开单医生。")],
    "CT-CHEST-C": [
        ("是否怀孕或可能怀孕？", "yes", "怀孕期间一般不做 CT，请先联系开单医生。"),
        ("以前用造影剂时有过过敏反应吗？", "yes", "对造影剂过敏需要医生评估后再约。"),
        ("近三个月查过肾功能吗？", "no", "增强前要知道肾功能，请先完成抽血。"),
        ("是否正在服用二甲双胍？", "", ""),
    ],
    "BONE-SCAN": [("是否怀孕或正在哺乳？", "yes", "怀孕或哺乳期不做核医学检查，请先联系开单医生。")],
}

_DAY = 24 * 60
# first, then, minutes, why
_RULES = (
    ("contrast.iodine", "contrast.iodine", 2 * _DAY, "两次碘造影剂至少间隔 48 小时"),
    ("contrast.iodine", "blood", _DAY, "抽血要在打造影剂之前，或隔一天"),
    ("contrast.iodine", "thyroid", 56 * _DAY, "碘造影剂后至少 8 周才能做甲状腺显像"),
    ("barium", "ct", 7 * _DAY, "钡剂会遮挡 CT，先做 CT，或隔 7 天"),
    ("barium", "endoscopy", 3 * _DAY, "钡剂会遮挡内镜，先做内镜，或隔 3 天"),
    ("nuclear", "blood", _DAY, "显像剂会影响部分化验，请先抽血"),
)
_SOURCE = "演示用间隔表，上线前由临床确认"


def seed_exams(*, days: int, at: datetime) -> None:
    """Idempotent: what is there stays."""
    technicians = list(
        Staff.objects.filter(
            pk__in=Post.objects.filter(role__in=[Role.TECHNICIAN, Role.NURSE], effective_to=None).values("staff_id"),
            suspended_at=None,
        ).order_by("number")
    )  # fmt: skip
    post = Post.objects.filter(role=Role.TECHNICIAN, effective_to=None).select_related("department__campus").first()
    if not technicians or post is None or not Orderable.objects.exists():
        return
    with transaction.atomic():
        for name, room in _MACHINES.items():
            ExamMachine.objects.get_or_create(name=name, defaults={"campus": post.department.campus, "room": room})
        for code, name, orderables, machines, minutes, traits, fasting, advice in _ITEMS:
            item, created = ExamItem.objects.get_or_create(
                code=code,
                defaults={"name": name, "minutes": minutes, "traits": list(traits), "fasting_hours": fasting,
                          "advice": advice},
            )  # fmt: skip
            if created:
                item.orderables.set(Orderable.objects.filter(code__in=orderables))
                item.machines.set(ExamMachine.objects.filter(name__in=machines))
                for position, (text, refuse_when, why) in enumerate(_QUESTIONS.get(code, [])):
                    PrepQuestion.objects.create(
                        item=item, text=text, refuse_when=refuse_when, why=why, position=position
                    )
        for first, then, minutes, why in _RULES:
            ExamRule.objects.get_or_create(
                first=first, then=then, defaults={"minutes": minutes, "why": why, "source": _SOURCE}
            )
        machines_now = list(ExamMachine.objects.order_by("pk"))
        for number in range(days + 1):
            day = clock.business_day(at) + timedelta(days=number)
            for machine, staff, begins, ends in _worked(machines_now, technicians):
                _shift(machine, staff, day, begins, ends, at)


_MORNING, _AFTERNOON = (time(7, 30), time(11, 30)), (time(13, 30), time(16, 30))


def _worked(machines: list[ExamMachine], people: list[Staff]) -> Iterator[tuple[ExamMachine, Staff, time, time]]:
    """Who works which machine when. More machines than people: some people work another one in the afternoon."""
    second = dict(zip(reversed(people), machines[len(people) :], strict=False))
    for machine, staff in zip(machines, people, strict=False):
        yield machine, staff, *_MORNING
        yield second.get(staff, machine), staff, *_AFTERNOON


def _shift(machine: ExamMachine, staff: Staff, day: date, begins: time, ends: time, at: datetime) -> None:
    """A stretch of work; its last tenth is the urgent reserve."""
    start, end = clock.at_local(day, begins), clock.at_local(day, ends)
    reserve = (end - start) * parameters.URGENT_RESERVE.at(at) / 100
    taken = ExamShift.objects.filter(Q(machine=machine) | Q(staff=staff), during__overlap=DateTimeTZRange(start, end))
    if not taken.exists():
        ExamShift.objects.create(
            machine=machine, staff=staff, during=DateTimeTZRange(start, end), normal_until=end - reserve
        )
