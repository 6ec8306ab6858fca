"""The demo hospital's campuses, departments and people. All names are made up.

`tiny` has what one visit needs, `demo` four campuses with every role, `large` 40 departments and 500 doctors.
Everything is found by its code or number, so that a second run changes nothing.
"""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.kit import clock
from hospital.kit.actor import Role, system
from hospital.people.models import Account

from . import names
from .models import Campus, CodeSystem, Department, Staff, Title
from .services import carried_load, staff_hire
from .services.people import PostSpec

# One password and one second factor for every demo account; they exist only where settings.DEMO is on.
DEMO_PASSWORD = "demo-hospital"  # noqa: S105 - printed by `make run`, refused outside the demo
DEMO_TOTP_KEY = "3132333435363738393031323334353637383930"  # hex, as RFC 6238's test vectors
DEMO_TOTP_SECRET = base64.b32encode(bytes.fromhex(DEMO_TOTP_KEY)).decode()  # as an authenticator app takes it

_HOUSE = system("organisation.seed")

_ONCOLOGY_SCOPES = ["内科专业", "外科专业", "妇产科专业", "医学影像和放射治疗专业"]


@dataclass(frozen=True, slots=True)
class DepartmentSpec:
    code: str
    national_code: str
    name: str
    campus: str = "BJ"
    scopes: tuple[str, ...] = ()
    diseases: str = ""
    location: str = ""
    about: str = ""
    is_open: bool = True


CAMPUSES = (
    ("BJ", "滨江院区", "虚构市滨江区体院北路 1 号", "022-00000001"),
    ("CD", "城东院区", "虚构市城东区津塘路 88 号", "022-00000002"),
    ("XC", "新城院区", "虚构市新城区天保大道 99 号", "022-00000003"),
    ("KG", "空港院区", "虚构市空港区西七道 7 号", "022-00000004"),
)

DEPARTMENTS = (
    DepartmentSpec(
        "BRM", "A19", "乳腺肿瘤内科", scopes=("内科专业",), location="门诊楼 3 层 A 区",
        diseases="乳腺癌 乳腺恶性肿瘤 乳腺结节 内分泌治疗 靶向治疗 化疗",
        about="乳腺癌的内科治疗：化疗、内分泌治疗、靶向和免疫治疗，以及治疗后的长期随访。",
    ),
    DepartmentSpec(
        "BRS", "A04.01", "乳腺肿瘤外科", scopes=("外科专业",), location="门诊楼 3 层 B 区",
        diseases="乳腺癌 乳腺纤维瘤 保乳手术 乳房重建 乳腺结节", about="乳腺肿瘤的诊断、手术和重建。",
    ),
    DepartmentSpec(
        "RT", "A32.10", "放射治疗科", scopes=("医学影像和放射治疗专业", "内科专业"), location="放疗中心 1 层",
        diseases="放疗 调强放疗 乳腺癌 肺癌 鼻咽癌 骨转移", about="直线加速器调强放射治疗、模拟定位和计划设计。",
    ),
    DepartmentSpec(
        "LUNG", "A19", "肺部肿瘤内科", scopes=("内科专业",), location="门诊楼 4 层 A 区",
        diseases="肺癌 小细胞肺癌 肺结节 靶向治疗", about="肺部肿瘤的内科治疗。",
    ),
    DepartmentSpec(
        "GI", "A19", "消化肿瘤内科", scopes=("内科专业",), campus="CD", location="门诊楼 2 层",
        diseases="胃癌 肠癌 结直肠癌 肝癌 食管癌 胰腺癌", about="消化道肿瘤的内科治疗。",
    ),
    DepartmentSpec(
        "GYN", "A05.01", "妇科肿瘤科", scopes=("妇产科专业",), campus="XC", location="门诊楼 5 层",
        diseases="宫颈癌 卵巢癌 子宫内膜癌 HPV", about="妇科肿瘤的手术和综合治疗。",
    ),
    DepartmentSpec(
        "REH", "A21", "康复医学科", scopes=("康复医学专业",), location="康复楼 1 层",
        diseases="淋巴水肿 术后康复 关节活动 疼痛", about="肿瘤术后康复、淋巴水肿综合消肿治疗。",
    ),
    DepartmentSpec(
        "TCM", "A50.09", "中西医结合科", scopes=("中医专业", "内科专业"), campus="KG", location="门诊楼 1 层",
        diseases="失眠 乏力 化疗反应 针灸 食欲差", about="肿瘤患者的中西医结合调理和针灸治疗。",
    ),
    DepartmentSpec(
        "NUT", "A69", "营养科", scopes=("内科专业",), location="门诊楼 1 层 C 区", diseases="营养不良 体重下降",
        about="肿瘤患者的营养评估和指导。",
    ),
    DepartmentSpec("IMG", "A32", "影像科", location="医技楼 1 层", is_open=False),
    DepartmentSpec("LAB", "A30", "检验科", location="医技楼 2 层", is_open=False),
    DepartmentSpec("PHA", "D72", "药学部", location="门诊楼 1 层", is_open=False),
    DepartmentSpec("CARE", "A69", "全病程管理中心", location="门诊楼 6 层", is_open=False),
    DepartmentSpec("FIN", "D83", "财务科", location="行政楼 2 层", is_open=False),
    DepartmentSpec("REC", "D86", "医务与病案科", location="行政楼 3 层", is_open=False),
    DepartmentSpec("IT", "D85", "信息中心", location="行政楼 4 层", is_open=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PersonSpec:
    login: str
    name: str
    department: str
    roles: tuple[Role, ...]
    title: str = ""
    specialty: str = ""
    scope: str = ""
    years: int = 0  # of independent practice
    about: str = ""


PEOPLE = (
    PersonSpec(
        "doctor01", "林若华", "BRM", (Role.DOCTOR,), Title.CHIEF, "乳腺癌的化疗、内分泌和靶向治疗，HER2 阳性乳腺癌", "内科专业", 24,
        "从事乳腺肿瘤内科工作 24 年，主持多项乳腺癌临床研究。",
    ),
    PersonSpec(
        "doctor02", "单晓燕", "BRM", (Role.DOCTOR,), Title.ASSOCIATE_CHIEF, "乳腺癌术后随访、内分泌治疗", "内科专业", 15,
        "擅长年轻乳腺癌患者的内分泌治疗和长期随访。",
    ),
    PersonSpec("doctor03", "曾一帆", "BRM", (Role.DOCTOR,), Title.ATTENDING, "乳腺癌化疗副作用管理", "内科专业", 6),
    PersonSpec("doctor04", "欧阳靖", "BRS", (Role.DOCTOR,), Title.CHIEF, "保乳手术、乳房重建、前哨淋巴结活检", "外科专业", 21),
    PersonSpec(
        "doctor05", "贺长安", "RT", (Role.DOCTOR,), Title.CHIEF, "乳腺癌、肺癌调强放疗，骨转移姑息放疗", "医学影像和放射治疗专业", 19,
    ),
    PersonSpec("doctor06", "任思远", "RT", (Role.DOCTOR,), Title.ATTENDING, "乳腺癌术后放疗", "医学影像和放射治疗专业", 5),
    PersonSpec("doctor07", "陆景行", "LUNG", (Role.DOCTOR,), Title.CHIEF, "肺癌靶向和免疫治疗", "内科专业", 22),
    PersonSpec("doctor08", "石婉清", "GI", (Role.DOCTOR,), Title.ASSOCIATE_CHIEF, "胃癌、结直肠癌化疗", "内科专业", 13),
    PersonSpec("doctor09", "华书云", "GYN", (Role.DOCTOR,), Title.CHIEF, "宫颈癌、卵巢癌手术", "妇产科专业", 20),
    PersonSpec("doctor10", "钟平", "REH", (Role.DOCTOR,), Title.ATTENDING, "淋巴水肿、术后康复", "康复医学专业", 8),
    PersonSpec("doctor11", "葛存真", "TCM", (Role.DOCTOR,), Title.ASSOCIATE_CHIEF, "化疗后调理、针灸", "中医专业", 16),
    PersonSpec("doctor12", "程新雨", "BRM", (Role.DOCTOR,), Title.RESIDENT, "", "内科专业", 1),  # too young for IH-05
    PersonSpec("head01", "孟怀瑾", "BRM", (Role.HEAD, Role.DOCTOR), Title.CHIEF, "乳腺癌综合治疗", "内科专业", 28),
    PersonSpec("nurse01", "苏小满", "BRM", (Role.NURSE,), Title.NURSE),
    PersonSpec("nurse02", "叶知秋", "REH", (Role.NURSE,), Title.NURSE),
    PersonSpec("therapist01", "高展", "RT", (Role.THERAPIST,), Title.TECHNICIAN),
    PersonSpec("therapist02", "夏桐", "REH", (Role.THERAPIST,), Title.TECHNICIAN),
    PersonSpec("therapist03", "韩朗", "RT", (Role.THERAPIST,), Title.TECHNICIAN),
    PersonSpec("technician01", "方可", "LAB", (Role.TECHNICIAN,), Title.TECHNICIAN),
    PersonSpec("technician02", "温静", "IMG", (Role.TECHNICIAN,), Title.TECHNICIAN),
    PersonSpec("pharmacist01", "邱素问", "PHA", (Role.PHARMACIST,), Title.PHARMACIST),
    PersonSpec("pharmacist02", "古月明", "PHA", (Role.PHARMACIST,), Title.PHARMACIST),
    PersonSpec("cashier01", "田甜", "FIN", (Role.CASHIER,)),
    PersonSpec("finance01", "金万里", "FIN", (Role.FINANCE,)),
    PersonSpec("finance02", "毛毓秀", "FIN", (Role.FINANCE,)),
    PersonSpec("manager01", "安宁", "CARE", (Role.CASE_MANAGER,)),
    PersonSpec("records01", "史册", "REC", (Role.RECORDS,)),
    PersonSpec("auditor01", "严明", "REC", (Role.AUDITOR,)),
    PersonSpec("admin01", "关鹏", "IT", (Role.ADMIN,)),
)  # fmt: skip

_TINY_DEPARTMENTS = {"BRM", "RT", "LAB", "IMG", "PHA", "FIN", "REC", "IT", "CARE"}
_TINY_PEOPLE = {
    "doctor01", "doctor05", "nurse01", "therapist01", "technician01", "pharmacist01", "cashier01", "finance01", "head01",
    "manager01", "records01", "auditor01", "admin01",
}  # fmt: skip

# (login, name, roles, department) of every demo account: `manage.py demo_accounts` prints them.
DEMO_ACCOUNTS = tuple((one.login, one.name, tuple(map(str, one.roles)), one.department) for one in PEOPLE)


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    """Make the hospital of one size; idempotent."""
    for _ in carried_load(actor=_HOUSE, at=at, systems=_catalogues(size)):
        pass
    with transaction.atomic():
        campuses = {code: _campus(code, name, address, phone) for code, name, address, phone in CAMPUSES}
        wanted = [one for one in DEPARTMENTS if size != "tiny" or one.code in _TINY_DEPARTMENTS]
        departments = {one.code: _department(one, campuses[one.campus]) for one in wanted}
        if size == "large":
            departments |= _more_departments(campuses, len(departments))
        password = make_password(DEMO_PASSWORD) if settings.DEMO else make_password(None)
        for person in PEOPLE:
            if size != "tiny" or person.login in _TINY_PEOPLE:
                _person(person, departments[person.department], password, at)
        if size == "large":
            _more_doctors(list(departments.values()), password, rng, at)


def _catalogues(size: str) -> list[str] | None:
    """A tiny hospital does without the long catalogues of codes."""
    return [CodeSystem.LAB, CodeSystem.SERVICE, CodeSystem.DEPARTMENT, CodeSystem.DRUG] if size == "tiny" else None


def _campus(code: str, name: str, address: str, phone: str) -> Campus:
    campus, _ = Campus.objects.get_or_create(code=code, defaults={"name": name, "address": address, "phone": phone})
    return campus


def _department(spec: DepartmentSpec, campus: Campus) -> Department:
    pinyin, initials = (sound.strip() for sound in names.sounds([spec.name]))
    department, _ = Department.objects.get_or_create(
        code=spec.code,
        defaults={
            "campus": campus, "national_code": spec.national_code, "name": spec.name, "pinyin": pinyin,
            "initials": initials, "about": spec.about, "diseases": spec.diseases, "location": spec.location,
            "licence_scopes": list(spec.scopes), "is_open": spec.is_open,
        },
    )  # fmt: skip
    return department


def _years_ago(at: datetime, years: int) -> date:
    return clock.business_day(at) - timedelta(days=365 * years + years // 4 + 1)


def _person(spec: PersonSpec, department: Department, password: str, at: datetime) -> None:
    if Staff.objects.filter(number=spec.login).exists():
        return
    details: dict[str, Any] = {"title": spec.title, "specialty": spec.specialty, "about": spec.about}
    if Role.DOCTOR in spec.roles:
        ready = spec.years >= 3
        details |= {
            "licence_no": f"1101200000{spec.login[-2:]:0>5}", "licence_scope": spec.scope, "is_listed": ready,
            "practising_since": _years_ago(at, spec.years), "online_consent_at": at - timedelta(days=90) if ready else None,
        }  # fmt: skip
    if Role.HEAD in spec.roles:
        details["licence_no"] = f"1101200009{spec.login[-2:]:0>5}"
    posts = [PostSpec(department.pk, role, _years_ago(at, max(spec.years, 1))) for role in spec.roles]
    staff = staff_hire(
        actor=_HOUSE, number=spec.login, name=spec.name, password="", posts=posts, at=at, **details
    )  # fmt: skip
    _enrol(staff.account, password)


def _enrol(account: Account, password: str) -> None:
    """The demo password and second factor; outside the demo the account stays locked until people enrols it."""
    if not settings.DEMO:
        return
    account.password = password
    account.save(update_fields=["password"])
    TOTPDevice.objects.get_or_create(
        user=account, name="default", defaults={"key": DEMO_TOTP_KEY, "confirmed": True, "tolerance": 1}
    )


# --- The large hospital ---------------------------------------------------------------------------------------
_FIELDS = (
    ("头颈肿瘤科", "A11", "鼻咽癌 喉癌 甲状腺癌 口腔癌"), ("甲状腺肿瘤科", "A04.01", "甲状腺癌 甲状腺结节"),
    ("骨与软组织肿瘤科", "A04.03", "骨肉瘤 软组织肉瘤"), ("泌尿肿瘤科", "A04.04", "前列腺癌 膀胱癌 肾癌"),
    ("胸部肿瘤外科", "A04.05", "肺癌 食管癌 纵隔肿瘤"), ("神经肿瘤外科", "A04.02", "脑胶质瘤 脑膜瘤"),
    ("淋巴血液肿瘤科", "A03.05", "淋巴瘤 白血病 骨髓瘤"), ("肝胆肿瘤科", "A04.01", "肝癌 胆管癌"),
    ("疼痛科", "A27", "癌痛 神经痛"), ("介入治疗科", "A32.09", "肝癌介入 血管栓塞"),
)  # fmt: skip
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜谢邹苏潘范彭鲁马方俞任袁柳唐罗薛伍余顾孟黄穆萧尹"
)
_GIVEN = (
    "文武明德思远嘉怡子涵雨泽晨曦建国志强丽娟秀英海燕晓峰佳宁若溪清和一诺景行知秋天佑梦琪浩然振华立新春生红梅静雅俊杰"
)


def _more_departments(campuses: dict[str, Campus], have: int) -> dict[str, Department]:
    """Departments of further specialties over the campuses, until the hospital has 40."""
    specs: Iterator[DepartmentSpec] = (
        DepartmentSpec(
            f"{campus}{number:02d}", national, f"{name}（{campuses[campus].name}）", campus=campus,
            scopes=tuple(_ONCOLOGY_SCOPES), diseases=diseases, location=f"门诊楼 {number % 5 + 1} 层",
        )
        for campus in campuses
        for number, (name, national, diseases) in enumerate(_FIELDS)
    )  # fmt: skip
    return {
        spec.code: _department(spec, campuses[spec.campus]) for spec, _ in zip(specs, range(40 - have), strict=False)
    }


def _more_doctors(departments: list[Department], password: str, rng: random.Random, at: datetime) -> None:
    """Doctors until there are 500, spread over the departments that patients can book."""
    clinical = [department for department in departments if department.is_open]
    titles = [Title.CHIEF, Title.ASSOCIATE_CHIEF, Title.ATTENDING]
    have = sum(Role.DOCTOR in person.roles for person in PEOPLE)
    for number in range(have + 1, 501):
        login = f"doctor{number:03d}"
        name = rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, rng.choice((1, 2, 2))))
        years, title = rng.randint(3, 32), rng.choice(titles)
        if Staff.objects.filter(number=login).exists():
            continue  # the dice are thrown all the same, so that a second run gives the others the same names
        department = clinical[number % len(clinical)]
        since = _years_ago(at, years)
        staff = staff_hire(
            actor=_HOUSE, number=login, name=name, password="", at=at, title=title,
            specialty=department.diseases.replace(" ", "、"), licence_no=f"11013{number:010d}",
            licence_scope=department.licence_scopes[0], practising_since=since, is_listed=True,
            online_consent_at=at - timedelta(days=rng.randint(1, 900)), posts=[PostSpec(department.pk, Role.DOCTOR, since)],
        )  # fmt: skip
        _enrol(staff.account, password)
