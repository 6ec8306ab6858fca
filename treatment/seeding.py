"""Demo data of treatment: radiotherapy on two linacs, lymphoedema care, follow-up for two years."""

import random
from datetime import datetime, time, timedelta

from billing.models import Category, PriceItem
from hospital.kit import clock
from hospital.organisation.models import Department

from . import demo
from .models import FollowUpPlan, Machine, TreatmentItem

_CONSENT = """放射治疗用高能射线杀灭肿瘤细胞。多数人会感到疲乏，照射部位的皮肤可能发红、脱屑，个别人出现破溃；这些反应大多在结束后数周内恢复。

我已了解治疗的目的、次数、可能的反应和其他选择，知道可以随时提问或停止治疗。"""

_PREPARATION = """每次按预约时间提前 10 分钟到达，出示就诊码。
照射区皮肤保持清洁干燥，不抓挠、不贴胶布，穿柔软的棉质内衣。
不要擦掉身上的定位线；变淡时请告诉治疗师。
出现发热、皮肤破溃或吞咽疼痛，请当天告诉治疗师或医生。"""


_QUESTIONS = """今天有没有发热（37.5℃ 以上）？
照射部位的皮肤有没有破溃？
是否可能怀孕？"""


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    department = Department.objects.filter(code="RT").first()
    if department is None:
        return
    plan = _plan()
    _price("RT-IMRT", "调强适形放射治疗", 120_000, at)
    imrt = _item(
        department, "RT-IMRT", "调强放射治疗", 15, consent_text=_CONSENT, preparation=_PREPARATION,
        releases=["simulation", "physician", "physicist", "quality", "image"], review_days=7,
        contraindications=_QUESTIONS, two_therapists=True, assessment_form="ctcae-radiotherapy", assess_every=5,
        follow_up=plan,
    )  # fmt: skip
    for code, name, room in (
        ("LINAC-1", "1 号加速器", "放疗中心 1 层 1 室"),
        ("LINAC-2", "2 号加速器", "放疗中心 1 层 2 室"),
    ):
        _machine(department, code, name, room, imrt, beam_match="linac")
    rehab = Department.objects.filter(code="REH").first()
    if rehab is not None:
        _price("REH-LYMPH", "淋巴水肿综合消肿治疗", 18_000, at)
        lymph = _item(
            rehab,
            "REH-LYMPH",
            "淋巴水肿综合消肿治疗",
            40,
            per_week=3,
            preparation="请穿宽松的上衣，治疗后保持绷带干燥。",
        )
        _machine(rehab, "REH-A", "消肿治疗床 A", "康复楼 1 层 3 室", lymph)
        if size == "demo":
            demo.courses(imrt, lymph, at=at)


def _plan() -> FollowUpPlan:
    plan, _ = FollowUpPlan.objects.get_or_create(
        code="breast-2y",
        defaults={
            "title": "乳腺癌治疗后两年随访", "questionnaire": "followup-breast",
            "offsets": [14, 30, 90, 180, 270, 365, 450, 540, 630, 730],
        },
    )  # fmt: skip
    return plan


def _price(code: str, name: str, fen: int, at: datetime) -> None:
    since = clock.day_bounds(clock.business_day(at) - timedelta(days=365))[0]
    PriceItem.objects.get_or_create(
        code=code,
        defaults={
            "name": name, "category": Category.TREATMENT, "unit": "次", "price": fen, "effective_from": since,
            "source": "价格公示 2026 年第 1 号（演示）",
        },
    )  # fmt: skip


def _item(department: Department, code: str, name: str, minutes: int, **columns: object) -> TreatmentItem:
    item, _ = TreatmentItem.objects.get_or_create(
        code=code, defaults={"name": name, "department": department, "price_code": code, "minutes": minutes, **columns}
    )
    return item


def _machine(
    department: Department, code: str, name: str, room: str, item: TreatmentItem, *, beam_match: str = ""
) -> None:
    machine, _ = Machine.objects.get_or_create(
        code=code,
        defaults={
            "name": name,
            "department": department,
            "room": room,
            "opens_at": time(8),
            "closes_at": time(20),
            "beam_match": beam_match,
        },
    )
    machine.items.add(item)  # fmt: skip
