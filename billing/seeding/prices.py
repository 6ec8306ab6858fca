"""The demo's price list: every priced code of the catalogues, at a price that has held for a year, and packages of them."""

from datetime import datetime, timedelta

from hospital.kit import clock
from hospital.organisation import names
from hospital.organisation.models import CodeSystem, Concept

from ..models import Category, Package, PackageItem, PriceItem

# The categories of the catalogues, which are those of the national receipt (PAY-14).
_CATEGORIES = {
    "诊察费": Category.CONSULTATION, "检查费": Category.EXAM, "化验费": Category.LAB, "治疗费": Category.TREATMENT,
    "手术费": Category.SURGERY, "卫生材料费": Category.MATERIAL, "西药费": Category.WESTERN_DRUG,
    "中药饮片": Category.HERBAL, "中成药费": Category.PATENT_DRUG, "一般诊疗费": Category.GENERAL,
    "挂号费": Category.REGISTRATION,
}  # fmt: skip
_DRUG_KINDS = {"西药": Category.WESTERN_DRUG, "中成药": Category.PATENT_DRUG, "中草药": Category.HERBAL}


# What a doctor orders together, with how many of each.
PACKAGES = {
    "PKG-BREAST": ("乳腺癌术后复查套餐", {"250101015": 1, "250301001": 1, "250404001": 1, "220203001": 1, "210102001": 2}),
    "PKG-CHEMO": ("化疗前检查套餐", {"250101015": 2, "250301001": 2}),
}  # fmt: skip


def packages(at: datetime) -> None:
    """The packages whose every item has a price here."""
    since = clock.day_bounds(clock.business_day(at) - timedelta(days=365))[0]
    for code, (name, items) in PACKAGES.items():
        priced = set(PriceItem.objects.filter(code__in=items).values_list("code", flat=True))
        if priced != set(items) or Package.objects.filter(code=code).exists():
            continue
        pinyin, initials = names.sounds([name])
        package = Package.objects.create(
            code=code, name=name, pinyin=pinyin.strip(), initials=initials.strip(), effective_from=since,
            source="价格公示 2026 年第 1 号（演示）",
        )  # fmt: skip
        PackageItem.objects.bulk_create(
            PackageItem(package=package, item_code=item, quantity=many) for item, many in items.items()
        )


def prices(at: datetime) -> None:
    """Every priced code of the catalogues gets a price that has held for a year."""
    day = clock.business_day(at) - timedelta(days=365)
    since = clock.day_bounds(day)[0]
    known = set(PriceItem.objects.values_list("code", flat=True))
    items = []
    for concept in Concept.objects.filter(system__in=[CodeSystem.SERVICE, CodeSystem.DRUG], is_active=True):
        fen = concept.properties.get("price_fen")
        if not isinstance(fen, int) or fen <= 0 or concept.code in known:
            continue
        known.add(concept.code)
        items.append(_item(concept, fen, since))
    PriceItem.objects.bulk_create(items, batch_size=500)


def _item(concept: Concept, fen: int, since: datetime) -> PriceItem:
    own = concept.properties
    if concept.system == CodeSystem.DRUG:
        category = _DRUG_KINDS.get(own.get("kind", ""), Category.WESTERN_DRUG)
    else:
        category = _CATEGORIES.get(own.get("category", ""), Category.OTHER)
    return PriceItem(
        code=concept.code, system=concept.system, name=concept.display, pinyin=concept.pinyin[:600],
        initials=concept.initials[:200], category=category, specification=str(own.get("strength", ""))[:200],
        unit=str(own.get("unit") or "次")[:20], price=fen, effective_from=since, source="价格公示 2026 年第 1 号（演示）",
    )  # fmt: skip
