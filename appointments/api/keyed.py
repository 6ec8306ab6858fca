"""Changes of a booking by programs: a request that is repeated under its key changes nothing twice."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from appointments.models import Booking
from hospital.audit.replies import reply_once
from hospital.kit.access import actor_of

from .serializers import BookingOutput, as_json, asked_for

MAY_BE_KEYED = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="As with writes that make something, but not required: without it a repeated request is a new one, which "
    "is refused where the first has changed what it asks for.",
)


S = TypeVar("S", bound=BaseSerializer[Any])


def said_in(request: Request, serializer: type[S]) -> dict[str, Any]:
    """What was sent (asked_for); the body is kept, which tells one request from another under its key."""
    assert request._request.body is not None  # reading the data first would use it up
    return asked_for(serializer, request.data)


def changed(
    request: Request, route: str, verb: Callable[..., Booking], verb_within: Callable[..., Booking], **given: Any
) -> Response:
    """The booking as it is after `verb`; under a key that was sent before, as it was answered then."""
    key, actor = request.headers.get("Idempotency-Key", ""), actor_of(request._request)
    if not key:
        return Response(BookingOutput(verb(actor=actor, **given)).data)

    def act() -> tuple[int, Mapping[str, Any]]:
        return 200, as_json(BookingOutput(), verb_within(actor=actor, **given))

    reply = reply_once(actor=actor, route=route, key=key, body=request._request.body, at=given["at"], act=act)
    return Response(reply.body, status=reply.status)
