"""Finding doctors as patients look for them: by name, pinyin, initials, department, or what they treat."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Case, IntegerField, Prefetch, Q, QuerySet, Value, When

from hospital.kit import clock
from hospital.kit.actor import Role

from .. import names
from ..models import Post, Staff

_MAX_WORDS = 4


def _posts_on(at: datetime) -> QuerySet[Post]:
    day = clock.business_day(at)
    return Post.objects.filter(
        Q(effective_to=None) | Q(effective_to__gte=day), role=Role.DOCTOR, effective_from__lte=day,
        department__is_open=True,
    ).select_related("department__campus")  # fmt: skip


def staff_search(
    text: str,
    department_id: int | None = None,
    *,
    at: datetime,
    limit: int = 50,
    among: Collection[int] | None = None,
) -> list[Staff]:
    """Doctors shown to patients that `text` may mean, likeliest first; all of them for an empty text.

    `among`: of these members of staff only. Each of them carries `posts_now`, the posts as a doctor of this day with department and campus.
    """
    posts = _posts_on(at)
    if department_id is not None:
        posts = posts.filter(Q(department_id=department_id) | Q(department__parent_id=department_id))
    rows = Staff.objects.filter(is_listed=True, suspended_at=None, posts__in=posts)
    if among is not None:
        rows = rows.filter(pk__in=among)
    words = text[:60].split()[:_MAX_WORDS]
    for word in words:
        rows = rows.filter(_matches(word, posts))
    rows = rows.prefetch_related(Prefetch("posts", queryset=posts, to_attr="posts_now"))
    return list(
        rows.annotate(closeness=_closeness(words)).order_by("closeness", "title", "pinyin", "pk").distinct()[:limit]
    )


def _matches(word: str, posts: QuerySet[Post]) -> Q:
    sound = names.plain(word)
    if word.isascii() and sound:
        query = Q(pinyin__startswith=sound) | Q(initials__startswith=sound)
        here = posts.filter(Q(department__pinyin__startswith=sound) | Q(department__initials__startswith=sound))
        return query | Q(posts__in=here)
    query = Q(name__contains=word)
    for form in _forms(word):
        query |= Q(specialty__contains=form)
        query |= Q(posts__in=posts.filter(Q(department__name__contains=form) | Q(department__diseases__contains=form)))
    return query


def _forms(word: str) -> set[str]:
    """The word and how else it is written: 乳腺癌 also finds 乳腺恶性肿瘤, 乳癌 is left to its characters."""
    folded = names.fold(word)
    return {word, folded, folded.replace("恶性肿瘤", "癌"), folded.replace("恶性肿瘤", "肿瘤")} - {""}


def _closeness(words: list[str]) -> Case:
    if not words:
        return Case(default=Value(0), output_field=IntegerField())
    first, sound = words[0], names.plain(words[0])
    return Case(
        When(Q(name=first) | Q(pinyin=sound) | Q(initials=sound), then=0),
        When(Q(name__startswith=first) | Q(pinyin__startswith=sound), then=1),
        When(name__contains=first, then=2),
        When(specialty__contains=first, then=3),
        default=4,
        output_field=IntegerField(),
    )
