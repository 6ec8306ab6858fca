"""Subjects of hospital.people."""

from collections.abc import Sequence

from tests.access.subjects import OK, Case, subject
from tests.cast import Cast, Person

EVERYBODY = ("anonymous", "disabled", "idle", "service")


def _all(cast: Cast) -> list[str]:
    return [*EVERYBODY, *(name for name, person in vars(cast).items() if isinstance(person, Person))]


@subject("people.wechat")
def wechat(cast: Cast, rule: str) -> Sequence[Case]:
    """No WeChat account in tests, and no state in the session: the answer is a plain refusal of the channel."""
    return [Case("any", {}, may=_all(cast), success={502})]


@subject("people.outside")
def outside(cast: Cast, rule: str) -> Sequence[Case]:
    """Asks the SMS gateway, which isn't set up in these tests."""
    return [Case("own", {}, may={"wang_fang", "stranger", "unverified"}, success=OK | {503})]
