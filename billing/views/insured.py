"""The steps of an order that an insurer pays a part of; they all end on the order's own page (PAY-12).

A silent insurer is no problem of the patient's: the page says so and offers to ask again.
"""

from contextlib import suppress

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import PATIENTS

from .. import errors, selectors
from ..services import insured
from .pay import openid_of


@rule("billing.insured_back", PATIENTS, subject="pay_order")
def consent_back(request: HttpRequest, number: str) -> HttpResponse:
    """The patient comes back from the insurance code with a code to trade in. Coming back twice does no harm.

    A code that can't be used is told on the order's own page, where the right one is a touch away.
    """
    actor = actor_of(request)
    order = selectors.order_for(actor, number)
    if code := request.GET.get("authCode", "")[:200]:
        try:
            insured.insured_authorise(actor=actor, order_id=order.pk, code=code, at=clock.now())
        except (errors.InsuredOther, errors.InsuredAgain, errors.ChannelSaysNo) as problem:
            messages.error(request, f"{problem.reason} — {problem.next_step}")
        except errors.ChannelSilent:
            pass  # the page says so, and offers to ask again
    return redirect("billing:order", number=number)


@rule("billing.insured_again", PATIENTS, methods=["POST"], subject="pay_order")
def split_again(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for the parts once more, after the insurer was silent."""
    order = selectors.order_for(actor_of(request), number)
    with suppress(errors.ChannelSilent):
        insured.insured_split(order_id=order.pk, at=clock.now())
    return redirect("billing:order", number=number)


@rule("billing.insured_settle", PATIENTS, methods=["POST"], subject="pay_order")
def settle(request: HttpRequest, number: str) -> HttpResponse:
    """The patient agrees to the parts."""
    actor = actor_of(request)
    order = selectors.order_for(actor, number)
    with suppress(errors.ChannelSilent):
        insured.insured_settle(actor=actor, order_id=order.pk, openid=openid_of(actor), at=clock.now())
    return redirect("billing:order", number=number)
