"""The cast signs in as the product does."""

import pytest
from django.urls import include, path

from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, STAFF, Role
from tests.cast import Cast, actor_of_person, client_for


@rule("tests.who", STAFF | SIGNED_IN_PATIENTS)
def who(request):
    from django.http import JsonResponse

    actor = actor_of(request)
    return JsonResponse(
        {"account": actor.account_id, "roles": sorted(actor.roles), "patients": sorted(actor.patient_ids)}
    )


urlpatterns = [
    path("", include("hospital.people.urls")),  # the sign-in page is the answer to a stranger
    path("staff/", include("hospital.people.staff_urls")),
    path("who/", who),
]


@pytest.mark.urls(__name__)
def test_each_person_is_who_the_middleware_sees(cast: Cast) -> None:
    assert client_for(None).get("/who/", headers={"accept": "application/json"}).status_code == 401
    seen = client_for(cast.wang_fang).get("/who/").json()
    assert seen["roles"] == [Role.PATIENT]
    assert seen["patients"] == sorted([cast.wang_fang.patient_id, cast.mother.patient_id])
    assert client_for(cast.unverified).get("/who/").json()["roles"] == [Role.UNVERIFIED]
    for person, role in [(cast.doctor_li, Role.DOCTOR), (cast.admin, Role.ADMIN), (cast.finance, Role.FINANCE)]:
        assert client_for(person).get("/who/").json() == {
            "account": person.account.pk, "roles": [role], "patients": []
        }  # fmt: skip
        assert actor_of_person(person).roles == {role}
