"""What is paid for (TR-01): asked before a course is placed and again before each session."""

from billing.selectors import paid_quantity

from ..models import Course


def sessions_paid(course: Course) -> int:
    """How many sessions are paid for and not promised back."""
    charge_id = course.order.charge_id
    return paid_quantity(charge_id, course.item.price_code) if charge_id is not None else 0


def fee_is_paid(course: Course, *, given: int) -> bool:
    """Is one more than `given` paid for?"""
    return sessions_paid(course) > given
