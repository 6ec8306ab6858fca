"""All doors of the house, read from the top by name, as Django itself reads ROOT_URLCONF; and the check of them."""

from typing import Any

from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from hospital.kit import doors as kit_doors
from hospital.kit.doors import Route


def all_routes() -> list[Route]:
    """Every HTTP route and every socket."""
    return kit_doors.http_routes() + kit_doors.socket_routes(import_string("hospital.sockets.socket_routes"))


def check_access(**_: Any) -> list[CheckMessage]:
    """`manage.py check`: every route and verb has a rule, every rule a route, every public rule is listed (G12)."""
    public = import_string("hospital.public_routes.PUBLIC_ROUTES")
    return kit_doors.faults(all_routes(), public, kit_doors.declared_rules())
