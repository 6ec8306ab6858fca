"""What a screen shows of a person when it need not show more (SEC-09). Unmasking is a click that leaves a line."""

_COMPOUND_SURNAMES = frozenset(
    ["欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊", "赫连", "澹台",
     "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文", "司徒", "鲜于", "司空", "令狐",
     "百里", "呼延", "轩辕"]
)  # fmt: skip


def surname(name: str) -> str:
    return name[:2] if name[:2] in _COMPOUND_SURNAMES and len(name) > 2 else name[:1]


def mask_name(name: str) -> str:
    """张三 -> 张*, 欧阳小华 -> 欧阳*华, 王小明 -> 王*明."""
    family = surname(name)
    if len(name) <= len(family):
        return name
    given = name[len(family) :]
    return f"{family}*{given[-1]}" if len(given) > 1 else f"{family}*"


def mask_id(number: str) -> str:
    """First three, last four; the length stays."""
    if len(number) <= 7:
        return "*" * len(number)
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def mask_phone(phone: str) -> str:
    """13812341234 -> 138****1234."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)
