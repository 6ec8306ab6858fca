"""Who may fill in and read forms: pure, over what the caller looked up."""

from hospital.kit.actor import Actor

from . import kinds
from .models import Response


def may_read(actor: Actor, response: Response, *, cares: bool) -> bool:
    """The patient's account, staff with a care relation, the house itself."""
    if actor.is_system:
        return True
    return cares if actor.is_staff else actor.acts_for(response.patient_id)


def may_fill(actor: Actor, response: Response, *, cares: bool) -> bool:
    use = kinds.registered().get(response.because)
    return use is not None and may_read(actor, response, cares=cares) and use.may_fill(actor, response)
