"""Who may do what with which money: pure questions, asked by services and selectors."""

from hospital.kit.actor import Actor, Role

from .models import Charge, PayOrder


def may_see_charge(actor: Actor, charge: Charge) -> bool:
    """Those who act for the patient, the cash desk and the finance office."""
    return actor.acts_for(charge.patient_id) or actor.is_any(Role.CASHIER, Role.FINANCE)


def may_see_order(actor: Actor, order: PayOrder) -> bool:
    """Whoever opened it, and who acts for a patient it is for. (A family member who lost the consent still sees what
    they paid: the order says no more than its amount and kind.)"""
    if order.account_id is not None and order.account_id == actor.account_id:
        return True
    return any(actor.acts_for(part.charge.patient_id) for part in order.parts.all())


def may_refund(actor: Actor) -> bool:
    return actor.is_any(Role.FINANCE)


def may_sign_first(actor: Actor) -> bool:
    """The finance office proposes to close a day, or to open it again (PAY-07)."""
    return actor.account_id is not None and actor.is_any(Role.FINANCE)


def may_sign_second(actor: Actor) -> bool:
    """PAY-07 asks for two roles: the auditor signs second. One who also works in the finance office would sign for the same role."""
    return actor.account_id is not None and actor.is_any(Role.AUDITOR) and not actor.is_any(Role.FINANCE)


def may_take_cash(actor: Actor) -> bool:
    return actor.is_any(Role.CASHIER)
