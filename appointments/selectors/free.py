"""What "free" means to the public: one definition for pages, API and searches."""

from datetime import datetime

from django.db.models import Q

from hospital.kit.kept import Given

# The same in SQL, for a place called `place`.
FREE_SQL = """
    place.booking_id IS NULL AND (place.pool = 'common' OR place.common_from <= %(at)s)
    AND (place.free_from IS NULL OR place.free_from <= %(at)s)
"""


def is_free(at: datetime | Given, places: str = "", *, own: str = "common") -> Q:
    """Places that anybody may take now, and those of the pool `own` (AP-02, AP-05); `places` is the way to them, with
    its underscores."""
    return (
        Q(**{f"{places}booking": None})
        & (Q(**{f"{places}pool__in": {"common", own}}) | Q(**{f"{places}common_from__lte": at}))
        & (Q(**{f"{places}free_from": None}) | Q(**{f"{places}free_from__lte": at}))
    )
