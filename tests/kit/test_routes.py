"""A page links to what exists, and offers what its own rule allows (H6)."""

from hospital.kit import routes
from hospital.kit.actor import ANONYMOUS
from tests.cast import actor_of_person


def test_a_page_and_a_door_for_forms_only():
    assert routes.page_exists("/about/") and not routes.page_exists("/about/", "POST")
    assert routes.page_exists("/language/", "POST") and not routes.page_exists("/language/")
    assert not routes.page_exists("/no-such-page/")


def test_what_one_may_open_is_what_the_pages_rule_says(cast):
    doctor, patient = actor_of_person(cast.doctor_li), actor_of_person(cast.wang_fang)
    assert routes.may_open(doctor, "/staff/") and not routes.may_open(patient, "/staff/")
    assert routes.may_open(patient, "/me/") and not routes.may_open(ANONYMOUS, "/me/")
    assert routes.may_open(ANONYMOUS, "/about/")
    assert not routes.may_open(doctor, "/no-such-page/")
