"""Live is not ready: live says that the process answers, ready says that it can serve (G31)."""

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from hospital.kit.access import public

log = logging.getLogger(__name__)


@public("health.live", "asked by the load balancer")
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"live": True})


@public("health.ready", "asked by the load balancer; names no cause to strangers")
def ready(request: HttpRequest) -> JsonResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.error("not ready: database: %s", error)
        return JsonResponse({"ready": False}, status=503)
    return JsonResponse({"ready": True})
