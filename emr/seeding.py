"""Demo data of emr: catalogues of what can be ordered and prescribed, and the earlier story of the demo patient.

All of it goes through the verbs, at the instants of the story: Wang Fang came in person, has a signed note with her
diagnosis, results over a year, drugs that she takes, one result that waits for her doctor. Invented throughout.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import Category, PriceItem
from hospital.forms.services import questionnaire_publish
from hospital.kit import clock
from hospital.kit.actor import Actor, Role, system
from hospital.organisation.models import CodeSystem, Concept, Department, Staff
from hospital.organisation.services import concept_save
from hospital.people.models import Patient

from . import note_form, services
from .models import CriticalLimit, Drug, Encounter, NoteTemplate, Orderable, OrderSet, OrderSetItem
from .services import DiagnosisSpec, ObservationSpec

_HOUSE = system("emr.seed")
_SOURCE = "药品说明书（演示用，上线前由药学部核对）"

# kind, code, name, price code, fen, specimen, preparation, laboratory items
ORDERABLES: tuple[tuple[str, str, str, str, int, str, str, list[str]], ...] = (
    ("lab", "LAB-CBC", "血常规（五分类）", "250101015", 2000, "静脉血", "", ["WBC", "RBC", "HGB", "PLT"]),
    ("lab", "LAB-LIVER", "肝功能", "250301001", 6000, "静脉血", "空腹 8 小时", ["ALT", "AST", "TBIL", "ALB"]),
    ("lab", "LAB-KIDNEY", "肾功能", "250307001", 4000, "静脉血", "空腹 8 小时", ["CREA", "UREA"]),
    ("lab", "LAB-TM-BREAST", "乳腺肿瘤标志物（CEA、CA125、CA153）", "250404001", 15000, "静脉血", "", ["CEA", "CA125", "CA153"]),
    ("imaging", "CT-CHEST", "胸部 CT 平扫", "210300001", 18000, "", "取下金属饰品；怀孕或可能怀孕请先告知", []),
    ("imaging", "CT-CHEST-C", "胸部 CT 增强", "210300002", 32000, "", "空腹 4 小时；对碘造影剂过敏或肾功能不全请先告知", []),
    ("imaging", "BONE-SCAN", "全身骨显像", "230400001", 45000, "", "注射后多饮水，检查前排尿", []),
)  # fmt: skip

# code, name, form, strength, dose unit, dose of one, unit, pack unit, pack size, routes, ingredient, ATC,
# most at once, most a day, fen, further facts
DRUGS: tuple[tuple[str, str, str, str, str, str, str, str, int, list[str], str, str, str, str, int, dict[str, object]], ...] = (
    ("LETROZOLE", "来曲唑片", "片剂", "2.5mg×30片/盒", "mg", "2.5", "片", "盒", 30, ["口服"], "来曲唑", "L02BG04", "2.5", "2.5", 4383,
     {"leaflet": "每天同一时间服用。可能出现潮热、关节痛；服药期间注意补钙，定期查骨密度。"}),
    ("ANASTROZOLE", "阿那曲唑片", "片剂", "1mg×14片/盒", "mg", "1", "片", "盒", 14, ["口服"], "阿那曲唑", "L02BG03", "1", "1", 10540, {}),
    ("EXEMESTANE", "依西美坦片", "片剂", "25mg×30片/盒", "mg", "25", "片", "盒", 30, ["口服"], "依西美坦", "L02BG06", "25", "25", 18690, {}),
    ("TAMOXIFEN", "枸橼酸他莫昔芬片", "片剂", "10mg×60片/盒", "mg", "10", "片", "盒", 60, ["口服"], "他莫昔芬", "L02BA01", "20", "40", 3600, {}),
    ("CALCIUM-D", "碳酸钙D3片", "片剂", "600mg×60片/瓶", "mg", "600", "片", "瓶", 60, ["口服"], "碳酸钙", "A12AX", "600", "1200", 7019,
     {"leaflet": "饭后服用，多喝水。"}),
    ("IBUPROFEN", "布洛芬缓释胶囊", "胶囊", "300mg×20粒/盒", "mg", "300", "粒", "盒", 20, ["口服"], "布洛芬", "M01AE01", "300", "600", 578,
     {"allergy_groups": ["nsaids"]}),
    ("AMOXICILLIN", "阿莫西林胶囊", "胶囊", "250mg×24粒/盒", "mg", "250", "粒", "盒", 24, ["口服"], "阿莫西林", "J01CA04", "1000", "4000", 1185,
     {"allergy_groups": ["penicillins"]}),
    ("ONDANSETRON", "昂丹司琼片", "片剂", "8mg×10片/盒", "mg", "8", "片", "盒", 10, ["口服"], "昂丹司琼", "A04AA01", "8", "24", 5993, {}),
    ("CAPECITABINE", "卡培他滨片", "片剂", "500mg×12片/盒", "mg", "500", "片", "盒", 12, ["口服"], "卡培他滨", "L01BC06", "2500", "5000", 15900,
     {"no_online": True}),
    ("MORPHINE", "硫酸吗啡缓释片", "片剂", "10mg×10片/盒", "mg", "10", "片", "盒", 10, ["口服"], "吗啡", "N02AA01", "30", "60", 448,
     {"special_class": "narcotic", "no_online": True}),
    ("DIAZEPAM", "地西泮片", "片剂", "2.5mg×20片/盒", "mg", "2.5", "片", "盒", 20, ["口服"], "地西泮", "N05BA01", "10", "20", 300,
     {"special_class": "psychotropic2", "no_online": True}),
)  # fmt: skip

_LIMITS = (("HGB", "50", None), ("PLT", "20", "1000"), ("WBC", "1.5", "30"), ("K", "2.8", "6.2"), ("CREA", None, "650"))

_NOTE = {
    "chief_complaint": "右乳癌术后1年余复查",
    "present_illness": "患者右乳癌改良根治术后，已完成辅助化疗，口服来曲唑内分泌治疗。近期无胸痛、咳嗽、骨痛，偶有手指晨僵。",
    "change": "same",
    "exam": "右侧胸壁手术瘢痕平整，未触及结节；左乳及双侧腋窝、锁骨上未触及肿大淋巴结。",
    "results": "血常规、肝肾功能大致正常，CEA、CA153 在参考范围内；胸部 CT 未见转移征象。",
    "plan": "继续来曲唑 2.5mg 每日一次，补充钙剂和维生素 D；3 个月后复查血常规、肝肾功能、肿瘤标志物，可线上复诊。",
}
# months ago: WBC, HGB, PLT, ALT, CEA, CA153
_COURSE = (
    (12, "3.2", "102", "176", "38", "2.6", "18.2"), (9, "3.9", "110", "190", "31", "2.4", "17.5"),
    (6, "4.3", "114", "201", "27", "2.8", "19.0"), (2, "4.8", "118", "214", "24", "3.1", "21.4"),
)  # fmt: skip
_ITEMS = (
    ("WBC", "白细胞计数", "10^9/L"), ("HGB", "血红蛋白", "g/L"), ("PLT", "血小板计数", "10^9/L"),
    ("ALT", "丙氨酸氨基转移酶", "U/L"), ("CEA", "癌胚抗原", "ng/mL"), ("CA153", "糖类抗原153", "U/mL"),
)  # fmt: skip


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    """Catalogues, then the story of the first demo patient; a second run changes nothing."""
    questionnaire_publish(
        actor=_HOUSE, name=note_form.RETURN_NOTE, content=note_form.shipped(note_form.RETURN_NOTE), at=at
    )
    _catalogues(at)
    patient = Patient.objects.filter(record_no="80000001").first()
    doctor = Staff.objects.filter(number="doctor01").first()
    department = Department.objects.filter(code="BRM").first()
    if patient is None or doctor is None or department is None:
        return
    _diagnosis_code(at)  # before the story's transaction: a code of the catalogue is saved in one of its own
    if not Encounter.objects.filter(because="emr.seed", because_id=patient.pk).exists():
        with transaction.atomic():
            _story(patient, doctor, department, at)


def _catalogues(at: datetime) -> None:
    since = clock.day_bounds(clock.business_day(at) - timedelta(days=730))[0]
    for kind, code, name, price_code, fen, specimen, preparation, items in ORDERABLES:
        _price(price_code, name, fen, Category.LAB if kind == "lab" else Category.EXAM, "次", since)
        Orderable.objects.get_or_create(
            code=code,
            defaults={"kind": kind, "name": name, "price_code": price_code, "specimen": specimen,
                      "preparation": preparation, "lab_codes": items},
        )  # fmt: skip
    for row in DRUGS:
        _drug(row, since)
    for code, low, high in _LIMITS:
        CriticalLimit.objects.get_or_create(
            code=code,
            defaults={"low": Decimal(low) if low else None, "high": Decimal(high) if high else None,
                      "source": "危急值管理制度（演示）"},
        )  # fmt: skip
    _order_set(
        "BREAST-FOLLOW-UP",
        "乳腺癌术后复查（一次来院）",
        ["LAB-CBC", "LAB-LIVER", "LAB-KIDNEY", "LAB-TM-BREAST", "CT-CHEST"],
    )
    _order_set("BREAST-BLOOD", "乳腺癌内分泌治疗抽血", ["LAB-CBC", "LAB-LIVER", "LAB-KIDNEY", "LAB-TM-BREAST"])


def _price(code: str, name: str, fen: int, category: str, unit: str, since: datetime) -> None:
    if not PriceItem.objects.filter(code=code).exists():
        PriceItem.objects.create(
            code=code, name=name, category=category, unit=unit, price=fen, effective_from=since, source="演示价格"
        )


def _drug(row: Sequence[Any], since: datetime) -> None:
    code, name, form, strength, dose_unit, unit_dose, unit, pack_unit, pack_size, routes = row[:10]
    ingredient, atc, single, daily, fen, more = row[10:]
    price_code = f"RX-{code}"
    _price(price_code, str(name), fen, Category.WESTERN_DRUG, str(pack_unit), since)
    Drug.objects.get_or_create(
        code=code,
        defaults={
            "name": name, "form": form, "strength": strength, "dose_unit": dose_unit, "unit_dose": Decimal(str(unit_dose)),
            "unit": unit, "pack_unit": pack_unit, "pack_size": pack_size, "routes": routes, "ingredient": ingredient,
            "atc": atc, "max_single": Decimal(str(single)), "max_daily": Decimal(str(daily)), "price_code": price_code,
            "source": _SOURCE, **more,
        },
    )  # fmt: skip


def _order_set(code: str, title: str, items: Sequence[str]) -> None:
    order_set, created = OrderSet.objects.get_or_create(code=code, defaults={"title": title})
    if created:
        OrderSetItem.objects.bulk_create(
            OrderSetItem(order_set=order_set, orderable=Orderable.objects.get(code=item), position=place)
            for place, item in enumerate(items)
        )


def _story(patient: Patient, doctor: Staff, department: Department, at: datetime) -> None:
    actor = _doctor(doctor, department)
    visit = at - timedelta(days=61)
    encounter = services.encounter_open(
        actor=_HOUSE, patient_id=patient.pk, kind="O", department_id=department.pk, doctor_id=doctor.pk,
        because="emr.seed", because_id=patient.pk, at=visit,
    )  # fmt: skip
    services.allergy_add(
        actor=actor, patient_id=patient.pk, substance="青霉素", group="penicillins", reaction="皮疹", at=visit
    )
    _results(patient, actor, at)
    _sign(encounter, actor, visit)
    _prescription(encounter, actor, visit + timedelta(minutes=18))
    services.encounter_close(actor=actor, encounter_id=encounter.pk, at=visit + timedelta(minutes=25))
    NoteTemplate.objects.get_or_create(
        doctor=doctor, title="内分泌治疗复查",
        defaults={"fields": {"exam": _NOTE["exam"], "plan": _NOTE["plan"]}},
    )  # fmt: skip


def earlier_visit(patient: Patient, doctor: Staff, department: Department, at: datetime) -> Encounter:
    """A visit in person with a signed note and no known allergy, once per patient: what proves a return visit."""
    found = Encounter.objects.filter(because="emr.seed", because_id=patient.pk).first()
    if found is not None:
        return found
    encounter = signed_visit(patient, doctor, department, at, because="emr.seed")
    actor = _doctor(doctor, department)
    return services.encounter_close(actor=actor, encounter_id=encounter.pk, at=at + timedelta(minutes=25))


def signed_visit(patient: Patient, doctor: Staff, department: Department, at: datetime, *, because: str) -> Encounter:
    """A visit in person that is still open, its note signed a quarter of an hour after `at`."""
    actor = _doctor(doctor, department)
    encounter = services.encounter_open(
        actor=_HOUSE, patient_id=patient.pk, kind="O", department_id=department.pk, doctor_id=doctor.pk,
        because=because, because_id=patient.pk, at=at,
    )  # fmt: skip
    services.allergy_none_known(actor=actor, patient_id=patient.pk, at=at)
    _sign(encounter, actor, at)
    return encounter


def _doctor(doctor: Staff, department: Department) -> Actor:
    return Actor(
        roles=frozenset({Role.DOCTOR}), account_id=doctor.account_id, staff_id=doctor.pk,
        department_ids=frozenset({department.pk}),
    )  # fmt: skip


def _diagnosis_code(at: datetime) -> str:
    """The long catalogue's code where it is loaded; a tiny hospital brings this one itself."""
    for code in ("C50.900", "C50.9", "C50"):
        if Concept.objects.filter(system=CodeSystem.ICD10, code=code, is_active=True).exists():
            return code
    concept = Concept(system=CodeSystem.ICD10, code="C50.900", display="乳房恶性肿瘤", source="演示")
    return concept_save(actor=_HOUSE, concept=concept, at=at).code


def _sign(encounter: Encounter, actor: Actor, at: datetime) -> None:
    note = services.note_save(
        actor=actor, note_id=encounter.note.pk, fields=_NOTE, diagnoses=[DiagnosisSpec(_diagnosis_code(at), "main")],
        revision=0, at=at + timedelta(minutes=10),
    )  # fmt: skip
    services.note_sign(actor=actor, note_id=note.pk, revision=note.revision, at=at + timedelta(minutes=15))


def _results(patient: Patient, actor: Actor, at: datetime) -> None:
    """A year of blood counts and markers, released, and one of today that still waits."""
    for months, *values in _COURSE:
        taken = at - timedelta(days=30 * months + 1)
        report = services.report_file(
            actor=_HOUSE, placer_number="", patient_id=patient.pk, title="血常规、肝功能、肿瘤标志物", performer="检验科",
            observations=[
                ObservationSpec(code, name, value, unit)
                for (code, name, unit), value in zip(_ITEMS, values, strict=True)
            ],
            source_key=f"seed|{patient.pk}|{months}", observed_at=taken, reported_at=taken, at=taken + timedelta(hours=4),
        )  # fmt: skip
        if months > 2:
            services.report_release(actor=actor, report_id=report.pk, at=_in_care(at, report.received_at))
        else:
            services.report_release(
                actor=actor, report_id=report.pk, at=_in_care(at, report.received_at),
                comment="血红蛋白已恢复正常，肿瘤标志物平稳，请继续服药，3 个月后复查。",
            )  # fmt: skip
    ct = services.report_file(
        actor=_HOUSE, placer_number="", patient_id=patient.pk, kind="imaging", title="胸部 CT 平扫", performer="影像科",
        observations=[], source_key=f"seed|{patient.pk}|ct", observed_at=at - timedelta(days=61),
        findings="右乳术后改变。双肺纹理清晰，未见明确结节及实变影。纵隔、双侧腋窝未见肿大淋巴结。",
        conclusion="右乳术后改变，双肺未见转移征象，建议定期复查。", at=at - timedelta(days=60, hours=20),
    )  # fmt: skip
    services.report_release(actor=actor, report_id=ct.pk, at=at - timedelta(days=60, hours=18))


def _in_care(at: datetime, received_at: datetime) -> datetime:
    """Older results were released when the doctor took the patient over: nobody reads outside a care relation."""
    return max(received_at, at - timedelta(days=61) + timedelta(minutes=1))


def _prescription(encounter: Encounter, actor: Actor, at: datetime) -> None:
    drafted = services.prescription_draft(
        actor=actor, encounter_id=encounter.pk, at=at, long_reason="病情稳定，外地患者，内分泌治疗长期服药",
        lines=[
            services.LineSpec("LETROZOLE", Decimal("2.5"), Decimal(1), 84, "口服", "早餐后"),
            services.LineSpec("CALCIUM-D", Decimal(600), Decimal(1), 84, "口服", "晚餐后"),
        ],
    )  # fmt: skip
    signed = services.prescription_sign(
        actor=actor, prescription_id=drafted.pk, revision=drafted.revision, at=at + timedelta(minutes=1)
    )
    pharmacist = Staff.objects.filter(number="pharmacist01").first()
    if pharmacist is None:
        return
    desk = Actor(roles=frozenset({Role.PHARMACIST}), account_id=pharmacist.account_id, staff_id=pharmacist.pk)
    services.prescription_take(actor=desk, prescription_id=signed.pk, at=at + timedelta(minutes=3))
    services.prescription_review(actor=desk, prescription_id=signed.pk, outcome="pass", at=at + timedelta(minutes=4))
