"""The two choices that a person makes about the face: language and care mode."""

from hospital.kit.actor import Actor
from hospital.kit.transactions import entry
from hospital.people.models import Account


@entry
def language_set(*, actor: Actor, language: str) -> None:
    """Keep the language on the account of whoever is signed in; a stranger's choice lives in the cookie alone."""
    if actor.account_id:
        Account.objects.filter(pk=actor.account_id).update(language=language)


@entry
def care_mode_set(*, actor: Actor, on: bool) -> None:
    """Care mode follows the person to every device (AG-01)."""
    if actor.account_id:
        Account.objects.filter(pk=actor.account_id).update(care_mode=on)
