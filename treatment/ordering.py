"""What treatment answers to the apps below: what can be ordered, whether it can be taken back, what is still true."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from emr.kinds import ItemFacts
from emr.models import Order
from hospital.forms.models import Response
from hospital.kit.actor import Actor, Role

from . import errors, policy
from .models import Assessment, Course, FollowUpTask, Session, TreatmentItem
from .states import SessionStatus, TaskStatus


def item_of(code: str, at: datetime) -> ItemFacts | None:
    """The facts of a treatment item that is in use."""
    item = TreatmentItem.objects.filter(code=code, is_active=True).first()
    if item is None:
        return None
    return ItemFacts(item.code, item.name, price_code=item.price_code, preparation=item.preparation[:300])


def order_page(encounter_id: int) -> str:
    return reverse("treatment_staff:order", args=[encounter_id])


def paid_page(order_id: int) -> str:
    """Who has paid chooses the hour next; of several courses, on the list of all."""
    found = list(Course.objects.filter(order_id=order_id).values_list("pk", flat=True)[:2])
    return reverse("treatment:course", args=found) if len(found) == 1 else reverse("treatment:list")


def given(order_id: int) -> dict[str, int]:
    """Sessions given under an order, by what they are charged as: a stopped course never gives their money back (PAY-09)."""
    counted: Counter[str] = Counter()
    for code, done in Course.objects.filter(order_id=order_id, done__gt=0).values_list("item__price_code", "done"):
        counted[code] += done
    return counted


def may_cancel(order: Order, at: datetime) -> None:
    """A course that has begun is stopped by its doctor, not cancelled (PAY-09: what was given isn't refunded)."""
    if order.courses.filter(done__gt=0).exists():
        raise errors.OrderStopped


def may_assess(actor: Actor, response: Response) -> bool:
    course = Assessment.objects.select_related("course").get(pk=response.because_id).course
    return policy.works_there(actor, course) or policy.is_its_doctor(actor, course)


def after_assessment(response: Response) -> str:
    course_id = Assessment.objects.values_list("course_id", flat=True).get(pk=response.because_id)
    return f"/staff/treatment/courses/{course_id}/"


def may_answer(actor: Actor, response: Response) -> bool:
    """The patient's account; a case manager on the phone with the patient."""
    return actor.acts_for(response.patient_id) or actor.is_any(Role.CASE_MANAGER)


def session_still_booked(context: Mapping[str, Any], at: datetime) -> bool:
    return Session.objects.filter(
        pk=context["session_id"], status=SessionStatus.BOOKED, during__startswith__gt=at
    ).exists()


def task_still_asked(context: Mapping[str, Any], at: datetime) -> bool:
    return FollowUpTask.objects.filter(pk=context["task_id"], status=TaskStatus.ASKED).exists()
