"""HTTP API of billing: the same verbs as the pages."""

import json
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing import errors, selectors, services
from billing.models import Channel, PayOrder
from billing.states import LIVE_ORDER
from hospital.audit.replies import reply_once
from hospital.kit import clock
from hospital.kit.access import actor_of, public, rule
from hospital.kit.actor import PATIENTS
from hospital.kit.api_parameters import IDEMPOTENCY_KEY
from hospital.kit.problems import Invalid
from hospital.people.models import Account

from . import serializers

PAGE = 100


@public("billing.api.prices", "the price list is published without signing in (IH-14)")
class Prices(APIView):
    """Today's price list, a hundred items a page."""

    @extend_schema(
        parameters=[serializers.PriceSearchInput], responses=serializers.PriceOutput(many=True), summary="Price list"
    )
    def get(self, request: Request) -> Response:
        asked = serializers.PriceSearchInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = selectors.prices_search(asked.validated_data["q"], asked.validated_data["category"], at=clock.now())
        first = (asked.validated_data["page"] - 1) * PAGE
        return Response(serializers.PriceOutput(found[first : first + PAGE], many=True).data)


@rule("billing.api.charges", PATIENTS)
class Charges(APIView):
    """The latest hundred bills of oneself and the family."""

    @extend_schema(responses=serializers.ChargeOutput(many=True), summary="Bills")
    def get(self, request: Request) -> Response:
        bills = selectors.bills_for(actor_of(request._request))[:PAGE]
        return Response(serializers.ChargeOutput(bills, many=True).data)


@rule("billing.api.charge", PATIENTS, subject="bill")
class ChargeOne(APIView):
    """One bill with its lines."""

    @extend_schema(responses=serializers.ChargeOutput, summary="A bill")
    def get(self, request: Request, number: str) -> Response:
        bill = selectors.bill_for(actor_of(request._request), number, at=clock.now())
        return Response(serializers.ChargeOutput(bill).data)


def _body(order: PayOrder) -> Mapping[str, Any]:
    body: Mapping[str, Any] = json.loads(JSONRenderer().render(serializers.PayOrderOutput(order).data))
    return body


@rule("billing.api.pay_order_create", PATIENTS, methods=["POST"])
class PayOrders(APIView):
    """Open one order at WeChat Pay for some open bills; what the payer needs is in `prepared`."""

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=serializers.PayOrderInput, responses={201: serializers.PayOrderOutput}, summary="Open a pay order",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        raw = request._request.body
        asked = serializers.PayOrderInput(data=request.data)
        asked.is_valid(raise_exception=True)
        actor, at = actor_of(request._request), clock.now()
        wanted, method = sorted(set(asked.validated_data["charge_ids"])), asked.validated_data["method"]
        openid = Account.objects.filter(pk=actor.account_id).values_list("wechat_openid", flat=True).first() or ""
        if method == "jsapi" and not openid:
            raise Invalid(fields={"method": "jsapi"})
        selectors.charges_to_pay(actor, wanted, at=at)

        def act() -> tuple[int, Mapping[str, Any]]:
            order = services.pay_order_open(
                actor=actor, charge_ids=wanted, channel=Channel.WECHAT, method=method, at=at
            )
            return 201, _body(order)

        key = request.headers.get("Idempotency-Key", "")
        reply = reply_once(actor=actor, route="pay_orders.create", key=key, body=raw, at=at, act=act)
        # Committed: now the channel may be asked. A repeat finds the same order there under the same number.
        order = selectors.order_for(actor, reply.body["number"])
        try:
            order = services.order_prepare(order.pk, at=at, payer_ip=actor.ip, openid=openid)
        except errors.ChannelSilent:
            order = selectors.order_for(actor, order.number)
        return Response(_body(order), status=reply.status, headers={"Location": f"/api/v1/pay-orders/{order.number}/"})


@rule("billing.api.pay_order", PATIENTS, subject="pay_order")
class PayOrderOne(APIView):
    """What became of an order: asked of the channel as long as it is open."""

    @extend_schema(responses=serializers.PayOrderOutput, summary="A pay order")
    def get(self, request: Request, number: str) -> Response:
        actor = actor_of(request._request)
        order = selectors.order_for(actor, number)
        if order.status in LIVE_ORDER:
            services.order_refresh(order.pk, at=clock.now())
            order = selectors.order_for(actor, number)
        return Response(_body(order))
