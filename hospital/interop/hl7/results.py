"""What an ORU^R01 says: whose results, of which orders, which values. Pure; knows no patient of ours."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from hospital.kit import clock

from .message import Message, Segment, Unreadable

_STAMP = re.compile(
    r"^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(?:(\d{2})(?:\.\d{1,6})?)?)?\s*([+-]\d{4})?$", re.IGNORECASE
)  # fmt: skip
_FLAGS = {
    "N": "N", "L": "L", "H": "H", "LL": "LL", "HH": "HH", "A": "A", "AA": "AA", "<": "LL", ">": "HH", "↑": "H", "↓": "L",
    "↑↑": "HH", "↓↓": "LL", "偏高": "H", "偏低": "L", "正常": "N", "M": "N",
}  # fmt: skip
_STATUSES = set("CDFINOPRSUVWX")
_NO_RESULT = set("DINOUWX")  # deleted, being done, ordered only, wrong patient: nothing that may stand on a record
_SEX = {"M": "1", "1": "1", "男": "1", "MALE": "1", "F": "2", "2": "2", "女": "2", "FEMALE": "2"}
_NOT_A_NAME = {"男", "女", "M", "F", "MR", "MS", "L"}
_FINDINGS = re.compile(r"59776-5|影像所见|检查所见|镜下所见|findings", re.IGNORECASE)
_CONCLUSION = re.compile(r"19005-8|诊断意见|诊断结论|印象|检查结论|病理诊断|impression|conclusion", re.IGNORECASE)
_ID_CARD_KINDS = {"CN", "NNCHN", "NI", "ID", "SFZ", "身份证"}
_TEXTS = {"TX", "FT", "ST"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the sender means."""

    record_numbers: tuple[str, ...]
    id_cards: tuple[str, ...]
    names: tuple[str, ...]  # each way in which the parts of the name may be put together
    birth_date: date | None
    sex: str  # GB/T 2261.1, "" when not said


@dataclass(frozen=True, slots=True)
class Value:
    code: str
    name: str
    value: str
    unit: str = ""
    range_text: str = ""
    flag: str = ""


@dataclass(slots=True)
class Result:
    """One OBR with its OBX and NTE."""

    placer: str
    filler: str
    code: str
    title: str
    observed_at: datetime | None
    reported_at: datetime | None
    performer: str
    values: list[Value] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    conclusion: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_imaging(self) -> bool:
        return bool(self.findings or self.conclusion)

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.is_imaging)


@dataclass(frozen=True, slots=True)
class Oru:
    identity: Identity
    results: tuple[Result, ...]


def stamp(text: str) -> datetime | None:
    """An HL7 time; Shanghai time where no zone is given. None when it is none."""
    found = _STAMP.match(text.strip())
    if not found:
        return None
    numbers = [int(part or 0) for part in found.groups()[:6]]
    try:
        naive = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - the zone follows
    except ValueError:
        return None
    zone = found[7]
    if not zone:
        return naive.replace(tzinfo=clock.SHANGHAI)
    away = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
    if away >= timedelta(hours=24):
        return None
    return naive.replace(tzinfo=timezone(-away if zone[0] == "-" else away))


def read(message: Message) -> Oru:
    """Raises Unreadable when there is no patient, or more than one, or no result."""
    persons = list(message.all("PID"))
    if len(persons) != 1:
        raise Unreadable(f"{len(persons)} PID segments, one is wanted")
    results = _results(message)
    if not results:
        raise Unreadable("no OBR segment")
    return Oru(_identity(persons[0]), tuple(results))


def _identity(pid: Segment) -> Identity:
    numbers: list[str] = []
    cards: list[str] = [pid.component(19)]
    for parts in [*pid.repetitions(3), *pid.repetitions(4), *pid.repetitions(2)]:
        kind = (parts[4] if len(parts) > 4 else "").upper()
        (cards if kind in _ID_CARD_KINDS else numbers).append(parts[0])
    births = stamp(pid.component(7))
    return Identity(
        tuple(dict.fromkeys(filter(None, numbers))),
        tuple(dict.fromkeys(filter(None, cards))),
        tuple(dict.fromkeys(name for parts in pid.repetitions(5) for name in _names(parts))),
        clock.business_day(births) if births else None,
        _SEX.get(pid.component(8).upper(), ""),
    )


def _names(parts: list[str]) -> list[str]:
    """张三^男 is 张三, 王^小东 is 王小东 (or, by another reading, 王): all readings."""
    told = [part.replace(" ", "") for part in parts[:2] if part and part.upper() not in _NOT_A_NAME]
    return ["".join(told), *told[:1]] if told else []


def _results(message: Message) -> list[Result]:
    results: list[Result] = []
    order: Segment | None = None
    last_is_value = False
    for segment in message.segments:
        if segment.name == "ORC":
            order = segment
        elif segment.name == "OBR":
            results.append(_result(segment, order))
            order, last_is_value = None, False
        elif segment.name == "OBX" and results:
            _observe(results[-1], segment)
            last_is_value = True
        elif segment.name == "NTE" and results and segment.text(3):
            note = segment.text(3)
            named = results[-1].values[-1].name if last_is_value and results[-1].values else ""
            results[-1].notes.append(f"{named}：{note}" if named else note)
    return results


def _result(obr: Segment, orc: Segment | None) -> Result:
    placer = obr.component(2) or (orc.component(2) if orc else "")
    filler = obr.component(3) or (orc.component(3) if orc else "")
    code, title = obr.component(4, 1), obr.component(4, 2)
    person = next((parts for number in (32, 34, 10) for parts in obr.repetitions(number)), [])
    return Result(
        placer[:60], filler[:60], code[:60], (title or code)[:100], stamp(obr.component(7)), stamp(obr.component(22)),
        (person[1] if len(person) > 1 else "".join(person[:1]))[:100],
    )  # fmt: skip


def _observe(result: Result, obx: Segment) -> None:
    if _status(obx) in _NO_RESULT:
        return
    code, name = obx.component(3, 1), obx.component(3, 2)
    kind = obx.text(2).upper()
    text = _value(obx, kind)
    if not text:
        return
    label = f"{code} {name}"
    if kind in _TEXTS and _FINDINGS.search(label):
        result.findings.append(text)
    elif kind in _TEXTS and _CONCLUSION.search(label):
        result.conclusion.append(text)
    else:
        result.values.append(
            Value(code[:60], (name or code)[:200], text, _unit(obx)[:40], obx.text(7)[:100], _flag(obx))
        )


def _value(obx: Segment, kind: str) -> str:
    """OBX-5 as people read it. SN is comparator, number, sign, number; ED is a file that no list can show."""
    if kind == "ED":
        raise Unreadable("OBX-2 is ED: attached files are not taken")
    repetitions = obx.repetitions(5)
    if kind == "SN":
        return "\n".join("".join(parts) for parts in repetitions).strip()
    if kind in {"CE", "CWE", "CNE"}:
        return "\n".join((parts[1] if len(parts) > 1 and parts[1] else parts[0]) for parts in repetitions).strip()
    return "\n".join(once for once in obx.text(5).split(obx.delimiters.repetition) if once).strip()


def _unit(obx: Segment) -> str:
    """OBX-6; 10^9/L comes with and without its escape, so the separator may be part of the unit."""
    parts = list((obx.repetitions(6) or [[]])[0])
    if len(parts) > 1 and parts[0] in {"10", "×10", "x10", "*10"} and re.match(r"\d", parts[1]):
        return f"{parts[0]}^{parts[1]}"
    return parts[0] if parts else ""


def _flag(obx: Segment) -> str:
    """Table 0078. Some senders shift flag and status by one, so OBX-9 is looked at when OBX-8 is no flag."""
    for number in (8, 9):
        found = _FLAGS.get(obx.component(number).upper())
        if found:
            return found
    return ""


def _status(obx: Segment) -> str:
    """OBX-11; where it is empty, what stands shifted beside it."""
    for number in (11, 10, 12, 9):
        text = obx.component(number).upper()
        if text in _STATUSES and not (number == 9 and text == "N"):
            return text
    return "F"
