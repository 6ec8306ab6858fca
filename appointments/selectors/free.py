"""What "free" means to the public: one definition for pages, API and searches."""

from datetime import datetime

from django.db.models import Q

# The same in SQL, for a place called `place`.
FREE_SQL = """
    place.booking_id IS NULL AND (place.pool = 'common' OR place.common_from <= %(at)s)
    AND (place.free_from IS NULL OR place.free_from <= %(at)s)
"""


def is_free(at: datetime, places: str = "") -> Q:
    """Places that anybody may take now; `places` is the way to them, with its underscores (AP-02, AP-05)."""
    return (
        Q(**{f"{places}booking": None})
        & (Q(**{f"{places}pool": "common"}) | Q(**{f"{places}common_from__lte": at}))
        & (Q(**{f"{places}free_from": None}) | Q(**{f"{places}free_from__lte": at}))
    )
