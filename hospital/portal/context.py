"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from hospital.kit.access import actor_of

from .menu import care_mode_on


def face(request: HttpRequest) -> dict[str, Any]:
    """The hospital's name and telephone, who acts, and whether the person asked for care mode (AG-01).

    Also runs for answers made before the user is known (a refused host, a broken request).
    """
    actor = actor_of(request)
    return {
        "hospital_name": settings.HOSPITAL_NAME,
        "hospital_phone": settings.HOSPITAL_PHONE,
        "demo": settings.DEMO,
        "realtime_url": settings.REALTIME_URL,
        "actor": actor,
        "care_mode": hasattr(request, "user") and not actor.is_staff and care_mode_on(request),
    }
