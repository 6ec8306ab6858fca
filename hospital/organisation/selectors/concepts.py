"""Finding a code by what people type: code, Chinese in any order, pinyin, initials, or several of them at once."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Case, IntegerField, Q, QuerySet, When
from django.db.models.functions import Length, Upper

from .. import names
from ..models import Concept

_MAX_WORDS = 6
_MAX_LENGTH = 60
# Pairs that thousands of names share say nothing about which of them is meant.
_COMMON_PAIRS = frozenset({"恶性", "性肿", "肿瘤", "未特", "特指", "其他"})


def concept(system: str, code: str) -> Concept | None:
    """The code of a catalogue, also a retired one: records quote codes for ever."""
    return Concept.objects.filter(system=system, code=code).first()


def concepts_by_code(system: str, codes: Iterable[str]) -> dict[str, Concept]:
    return {row.code: row for row in Concept.objects.filter(system=system, code__in=list(codes))}


def concept_search(system: str, text: str, limit: int = 20) -> list[Concept]:
    """Codes in use that `text` may mean, likeliest first.

    Each word must match: as the beginning of a code, as Chinese characters in any order, as pinyin or as initials.
    When nothing has all the characters, names that share the telling ones are offered instead.
    """
    words = [word for word in map(_word, text[:_MAX_LENGTH].split()) if word][:_MAX_WORDS]
    if not words or limit < 1:
        return []
    rows = Concept.objects.filter(system=system, is_active=True)
    found = _ranked(rows, words)[:limit]
    return list(found) or list(_resembling(rows, words)[:limit])


def _word(text: str) -> str:
    """A code keeps its dot, all else is folded."""
    return text if text.isascii() and names.plain(text) else names.asked(text)


def _matches(word: str) -> Q:
    """How a word may match. Only conditions that an index answers: no `%x%` of less than three letters."""
    if not word.isascii():
        return _contains(word)
    sound = names.plain(word)
    query = Q(code_upper__startswith=word.upper()) | Q(initials__contains=f" {sound}")
    if len(sound) == 2:
        query |= Q(grams__contains=[sound]) | Q(pinyin__contains=f" {sound}")
    if len(sound) >= 3:
        query |= Q(folded__contains=sound) | Q(initials__contains=sound) | Q(pinyin__contains=sound)
    return query


def _contains(folded: str) -> Q:
    """All Chinese characters in any order; Latin parts as they stand (`ca125升高`)."""
    query = Q(grams__contains=names.characters(folded))
    for latin in names.latin_parts(folded):
        query &= Q(folded__contains=latin)
    return query


def _ranked(rows: QuerySet[Concept], words: list[str]) -> QuerySet[Concept]:
    """Exactly what was typed, then what begins with it, then what contains it, then the rest by likeness; a code that
    may stand on a record before the headings above it, a short name before a long one."""
    whole = "".join(names.asked(word) for word in words)
    said = "".join(names.plain(word) for word in words)
    first = words[0].upper()
    written = [
        When(Q(folded=whole) | Q(folded__startswith=f"{whole} ") | Q(folded__contains=f" {whole}"), then=1),
        When(folded__startswith=whole, then=3),
        When(folded__contains=whole, then=5),
    ]
    coded = [When(code_upper=first, then=0), When(code_upper__startswith=first, then=3)]
    spoken = [
        When(Q(initials__endswith=f" {said}") | Q(initials__contains=f" {said} "), then=2),
        When(Q(pinyin__endswith=f" {said}") | Q(pinyin__contains=f" {said} "), then=2),
        When(Q(pinyin__contains=f" {said}") | Q(initials__contains=f" {said}"), then=4),
    ]
    latin = whole.isascii()
    cases = [coded[0], written[0], *spoken[:2], coded[1], written[1], spoken[2], written[2]] if latin else written
    closeness = Case(*cases, default=6, output_field=IntegerField())
    order: list[Any] = ["aside", "closeness", "standing"]
    if len(whole) > 1 and not latin:
        order.append(-TrigramSimilarity("folded", whole))
    heading = Case(When(properties__level__in=["category", "subcategory"], then=1), default=0)
    return (
        rows.alias(code_upper=Upper("code"))
        .filter(*map(_matches, words))
        .alias(closeness=closeness, standing=heading, aside=_aside())
        .order_by(*order, Length("display"), "code")
        .defer("grams", "pinyin", "initials")
    )


def _aside() -> Case:
    """1 for morphology, which comes after all that can be a diagnosis alone."""
    return Case(When(properties__level="morphology", then=1), default=0)


def _resembling(rows: QuerySet[Concept], words: list[str]) -> QuerySet[Concept]:
    """Names that share a telling pair of characters with what was typed, most alike first."""
    whole = "".join(words)
    telling = [pair for pair in names.pairs(whole) if pair not in _COMMON_PAIRS]
    if not telling:
        return rows.none()
    return rows.filter(grams__overlap=telling).order_by(
        _aside(), -TrigramSimilarity("folded", whole), Length("display"), "code"
    )
