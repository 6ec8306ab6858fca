"""HTTP API of the kiosk in the hall, for machines with a program of their own (H13).

The machine proves itself by its key, in the header `Kiosk-Key`; the patient by the visit card, which is read once and
then stands for some minutes as a token that only this house can make.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core import signing
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import billing.selectors
import billing.services
from appointments import errors, selectors, services
from appointments.models import Kiosk
from billing.models import Channel, PayMethod
from billing.states import LIVE_ORDER
from hospital.audit.replies import reply_once
from hospital.kit import clock
from hospital.kit.access import public
from hospital.kit.actor import Actor
from hospital.kit.api_parameters import IDEMPOTENCY_KEY

from .serializers import asked_for

_WHY = "a machine in the hall has nobody to sign in: it answers only with its own key and a visit card (H13)"
_SALT = "appointments.api.kiosk"
_STAYS = 240  # seconds that a card counts after it was read: to check in and to pay
_KEY = OpenApiParameter("Kiosk-Key", str, OpenApiParameter.HEADER, required=True, description="Of this machine.")


class ReadInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=500, help_text="As the scanner reads it: the card's QR code or its number.")


class CardInput(serializers.Serializer[Any]):
    card = serializers.CharField(max_length=300, help_text="Token of the card that was read at this machine.")


class KioskCheckInInput(CardInput):
    booking_id = serializers.IntegerField(min_value=1)


class OrderInput(CardInput):
    number = serializers.CharField(max_length=40)


class KioskVisit(serializers.Serializer[Any]):
    booking_id = serializers.IntegerField(source="booking.pk")
    starts_at = serializers.DateTimeField(source="booking.starts_at")
    doctor = serializers.CharField(source="booking.doctor.name")
    department = serializers.CharField(source="booking.department.name")
    room = serializers.CharField(source="booking.session.room")
    number = serializers.IntegerField(source="booking.number")
    may_check_in = serializers.BooleanField()
    ahead = serializers.IntegerField(source="line.ahead", default=None, allow_null=True)
    minutes = serializers.IntegerField(source="line.minutes", default=None, allow_null=True)


class KioskOutput(serializers.Serializer[Any]):
    card = serializers.CharField(help_text="Send it with what follows; it stands for four minutes.")
    patient = serializers.CharField(help_text="Masked.")
    visits = KioskVisit(many=True)
    owed = serializers.IntegerField(help_text="In fen.")


class KioskPayOutput(serializers.Serializer[Any]):
    number = serializers.CharField()
    amount = serializers.IntegerField(help_text="In fen.")
    status = serializers.CharField()
    code_url = serializers.CharField(
        allow_blank=True, help_text="To show as a QR code; blank while the channel is silent, and after the end."
    )


def _machine(request: Request, at: datetime) -> Kiosk:
    return services.kiosk_of_key(request.headers.get("Kiosk-Key", ""), at=at)


def _patient_id(kiosk: Kiosk, card: str) -> int:
    """Whose card was read at this machine some minutes ago. Raises CardGone."""
    try:
        machine, patient_id = signing.loads(card, salt=_SALT, max_age=_STAYS)
    except (signing.BadSignature, ValueError) as error:
        raise errors.CardGone from error
    if machine != kiosk.pk:
        raise errors.CardGone
    return int(patient_id)


def _shown(kiosk: Kiosk, patient_id: int, at: datetime) -> Response:
    actor = services.kiosk_actor(kiosk, patient_id)
    patient, lines = selectors.kiosk_visits_for(actor, patient_id, at=at)
    shown = {
        "card": signing.dumps([kiosk.pk, patient_id], salt=_SALT), "patient": patient.masked_name, "visits": lines,
        "owed": sum(charge.amount for charge in billing.selectors.open_charges_for(actor, at=at)),
    }  # fmt: skip
    return Response(KioskOutput(shown).data, headers={"Cache-Control": "no-store"})


@public("appointments.api.kiosk_card", _WHY, methods=["POST"])
class KioskCard(APIView):
    """A card was read: today's visits of its patient, and what is owed."""

    @extend_schema(parameters=[_KEY], request=ReadInput, responses=KioskOutput, summary="Read a visit card")
    def post(self, request: Request) -> Response:
        at = clock.now()
        kiosk = _machine(request, at)
        code = asked_for(ReadInput, request.data)["code"]
        return _shown(kiosk, selectors.card_read_for(services.kiosk_actor(kiosk), code, at=at), at)


@public("appointments.api.kiosk_check_in", _WHY, methods=["POST"])
class KioskCheckIn(APIView):
    """Sent again, it answers the same place in the queue."""

    @extend_schema(parameters=[_KEY], request=KioskCheckInInput, responses=KioskOutput, summary="Check in")
    def post(self, request: Request) -> Response:
        at = clock.now()
        kiosk, said = _machine(request, at), asked_for(KioskCheckInInput, request.data)
        patient_id = _patient_id(kiosk, said["card"])
        services.booking_check_in_at_kiosk(
            kiosk=kiosk, patient_id=patient_id, booking_id=said["booking_id"], at=at
        )  # fmt: skip
        return _shown(kiosk, patient_id, at)


@public("appointments.api.kiosk_pay", _WHY, methods=["POST"])
class KioskPay(APIView):
    """Everything owed in one new order; an earlier one of the same charges is closed."""

    @extend_schema(
        parameters=[_KEY, IDEMPOTENCY_KEY],
        request=CardInput,
        responses={201: KioskPayOutput},
        summary="Pay what is owed",
    )
    def post(self, request: Request) -> Response:
        body, at = request._request.body, clock.now()
        kiosk, said = _machine(request, at), asked_for(CardInput, request.data)
        actor = services.kiosk_actor(kiosk, _patient_id(kiosk, said["card"]))

        def act() -> tuple[int, Mapping[str, Any]]:
            charges = [charge.pk for charge in billing.selectors.open_charges_for(actor, at=at)]
            if not charges:
                raise errors.NothingOwed
            order = billing.services.pay_order_open(
                actor=actor, charge_ids=charges, channel=Channel.WECHAT, method=PayMethod.NATIVE, at=at
            )
            return 201, {"number": order.number}

        key = request.headers.get("Idempotency-Key", "")
        reply = reply_once(actor=actor, route="kiosk.pay", key=key, body=body, at=at, act=act)
        return _order(actor, reply.body["number"], at, status=reply.status)


@public("appointments.api.kiosk_paid", _WHY, methods=["POST"])
class KioskPaid(APIView):
    """What became of the order: the channel's word counts. Ask every few seconds."""

    @extend_schema(parameters=[_KEY], request=OrderInput, responses=KioskPayOutput, summary="Is it paid?")
    def post(self, request: Request) -> Response:
        at = clock.now()
        kiosk, said = _machine(request, at), asked_for(OrderInput, request.data)
        return _order(services.kiosk_actor(kiosk, _patient_id(kiosk, said["card"])), said["number"], at)


def _order(actor: Actor, number: str, at: datetime, status: int = 200) -> Response:
    order = billing.selectors.order_for(actor, number)
    if order.status in LIVE_ORDER:
        billing.services.order_look(order.pk, at=at)
        order = billing.selectors.order_for(actor, number)
    code = order.prepared.get("code_url", "") if order.status in LIVE_ORDER else ""
    shown = {"number": order.number, "amount": order.amount, "status": order.status, "code_url": code}
    return Response(KioskPayOutput(shown).data, status=status, headers={"Cache-Control": "no-store"})
