"""How members of staff are named where only their ids are known (audit trail, record access)."""

from collections.abc import Iterable, Mapping

from django.db.models import Q

from .models import Post, Staff


def staff_names(ids: Iterable[int]) -> Mapping[int, str]:
    """Staff id -> "department name"; the department of the first post, where there is one."""
    departments: dict[int, str] = {}
    for staff_id, name in (
        Post.objects.filter(staff_id__in=list(ids)).order_by("-pk").values_list("staff_id", "department__name")
    ):
        departments[staff_id] = name
    found = Staff.objects.filter(pk__in=list(ids)).values_list("pk", "name")
    return {pk: f"{departments.get(pk, '')} {name}".strip() for pk, name in found}


def staff_found(text: str) -> list[int]:
    """Ids of the members of staff with this number or name."""
    return list(Staff.objects.filter(Q(number=text) | Q(name=text)).values_list("pk", flat=True))
