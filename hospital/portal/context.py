"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from hospital.kit.access import actor_of


def face(request: HttpRequest) -> dict[str, Any]:
    """The hospital's name, who acts, and whether the person asked for care mode (AG-01)."""
    user = getattr(request, "user", None)
    return {
        "hospital_name": settings.HOSPITAL_NAME,
        "demo": settings.DEMO,
        "actor": actor_of(request),
        "care_mode": bool(getattr(user, "care_mode", False)) or request.COOKIES.get("ih_care") == "1",
    }
