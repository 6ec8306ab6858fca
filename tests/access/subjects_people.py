"""Subjects of hospital.people."""

from collections.abc import Sequence

from hospital.people.models import ServiceToken
from hospital.people.services import service_token_create
from tests.access.subjects import OK, Case, subject
from tests.cast import HOUSE, Cast, Person

EVERYBODY = ("anonymous", "disabled", "idle", "service")


def _all(cast: Cast) -> list[str]:
    return [*EVERYBODY, *(name for name, person in vars(cast).items() if isinstance(person, Person))]


@subject("people.wechat")
def wechat(cast: Cast, rule: str) -> Sequence[Case]:
    """Off to WeChat where the installation has an account there; else, and back without a state, a plain refusal."""
    return [Case("any", {}, may=_all(cast), success={302, 502})]


@subject("people.outside")
def outside(cast: Cast, rule: str) -> Sequence[Case]:
    """Asks the SMS gateway, which isn't set up in these tests."""
    return [Case("own", {}, may={"wang_fang", "stranger", "unverified"}, success=OK | {503})]


@subject("people.own_profile_query")
def own_profile_query(cast: Cast, rule: str) -> Sequence[Case]:
    """Pages of ?patient=: without it one's own; with a foreign one nothing."""
    return [
        Case("own", {}, may={"wang_fang", "stranger", "unverified"}),
        Case("family", {}, query={"patient": cast.mother.patient_id}, may={"wang_fang"}),
        Case("foreign", {}, query={"patient": cast.stranger.patient_id}, may={"stranger"}),
        Case("absent", {}, query={"patient": 9_000_000_000}, may=()),
    ]


@subject("people.own_profile")
def own_profile(cast: Cast, rule: str) -> Sequence[Case]:
    return [
        Case("own", {"patient_id": cast.wang_fang.patient_id}, may={"wang_fang"}),
        Case("family", {"patient_id": cast.mother.patient_id}, may={"wang_fang"}),
        Case("unverified", {"patient_id": cast.unverified.patient_id}, may={"unverified"}),
    ]


@subject("people.family_link")
def family_link(cast: Cast, rule: str) -> Sequence[Case]:
    """Only the account of the link removes it; nobody removes oneself."""
    mine = cast.wang_fang.account.family_links
    return [
        Case("own", {"pk": mine.get(relation="parent").pk}, may={"wang_fang"}),
        Case("oneself", {"pk": mine.get(relation="self").pk}, may=()),
        Case("foreign", {"pk": cast.stranger.account.family_links.get().pk}, may=()),
    ]


@subject("people.program")
def program(cast: Cast, rule: str) -> Sequence[Case]:
    service_token_create(actor=HOUSE, name="tests.program", scopes=["people.me"], days=1, at=cast.at)
    return [Case("any", {"pk": ServiceToken.objects.get(name="tests.program").pk}, may={"admin"})]
