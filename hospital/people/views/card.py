"""The electronic visit card (H2): QR that changes each minute, Code 128 that works without a network."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Actor
from hospital.kit.problems import NotFound

from .. import card as visit_card
from .. import selectors
from ..models import VisitCard
from ..services import card_issue


@rule("people.card", SIGNED_IN_PATIENTS, subject="people.own_profile_query")
def card(request: HttpRequest) -> HttpResponse:
    """The card of oneself, or of the family member asked for."""
    actor = actor_of(request)
    links = selectors.family_links_for(actor)
    wanted = request.GET.get("patient", "")
    link = next((link for link in links if not wanted or str(link.patient_id) == wanted), None)
    if link is None:
        if wanted:
            raise NotFound
        return render(request, "people/card.html", {"links": links})
    found = _card(actor, link.patient_id)
    shown = {"links": links, "link": link, "card": found, "barcode": visit_card.barcode_data_uri(found.number)}
    return render(request, "people/card.html", shown | _qr(found))


@rule("people.card_qr", SIGNED_IN_PATIENTS, subject="people.own_profile")
def card_qr(request: HttpRequest, patient_id: int) -> HttpResponse:
    """The QR of this minute, fetched by the open page."""
    return render(
        request, "people/card_qr.html", {"patient_id": patient_id} | _qr(_card(actor_of(request), patient_id))
    )


def _card(actor: Actor, patient_id: int) -> VisitCard:
    if not actor.acts_for(patient_id):
        raise NotFound
    with transaction.atomic():
        return card_issue(patient_id=patient_id, at=clock.now())


def _qr(found: VisitCard) -> dict[str, object]:
    at = clock.now()
    left = int((visit_card.good_until(at) - at).total_seconds())
    return {"qr": visit_card.qr_data_uri(visit_card.code_at(found.number, at)), "at": at, "left": left}
