"""The matrix can fail: three planted holes, each caught (G12 step 9)."""

import pytest
from django.http import HttpResponse, JsonResponse
from django.urls import include, path

from hospital.kit import doors
from hospital.kit.access import Rule, actor_of, rule
from hospital.kit.actor import PATIENTS
from hospital.kit.problems import NotFound
from hospital.people.models import Patient
from tests.access import matrix
from tests.access.subjects import Case
from tests.cast import Cast


def _patient(pk: int) -> Patient:
    found = Patient.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


@rule("planted.sound", PATIENTS, subject="planted")
def sound(request, pk):
    if not actor_of(request).acts_for(pk):
        raise NotFound
    return JsonResponse({"record_no": _patient(pk).record_no})


@rule("planted.unscoped", PATIENTS, subject="planted", methods=["POST"])
def unscoped_action(request, pk):
    """Hole: changes whatever id it is given."""
    patient = _patient(pk)
    patient.region_code = "110101"
    patient.save(update_fields=["region_code"])
    return HttpResponse(status=204)


@rule("planted.leak", PATIENTS, subject="planted")
def leak_in_refusal(request, pk):
    """Hole: says no, and shows the record."""
    patient = _patient(pk)
    if not actor_of(request).acts_for(pk):
        return HttpResponse(f"Forbidden: {patient.name} {patient.record_no}", status=403)
    return HttpResponse(patient.record_no)


def undeclared(request, pk):
    """Hole: nobody declared a rule; the door itself must stay shut."""
    return HttpResponse(_patient(pk).name)


urlpatterns = [
    path("sound/<int:pk>/", sound, name="sound"),
    path("unscoped/<int:pk>/", unscoped_action, name="unscoped"),
    path("leak/<int:pk>/", leak_in_refusal, name="leak"),
    path("undeclared/<int:pk>/", undeclared, name="undeclared"),
    path("", include("hospital.urls")),  # a refusal is a page of the product, with its links
]


def _verdict(cast: Cast, name: str, verb: str) -> matrix.Verdict:
    route = next(route for route in doors.http_routes(__name__) if route.name == name)
    patient = cast.wang_fang.patient
    case = Case("own", {"pk": patient.pk}, may={"wang_fang"}, secrets=[patient.name, patient.record_no])
    declared = route.rules.get(verb) or Rule("planted", PATIENTS, frozenset({verb}), "planted")
    return matrix.try_door(route, verb, declared, [case], matrix.visitors(cast))


@pytest.mark.urls(__name__)
def test_a_sound_door_passes(cast: Cast) -> None:
    verdict = _verdict(cast, "sound", "GET")
    assert verdict.faults == []
    assert verdict.succeeded == {"wang_fang"}


@pytest.mark.urls(__name__)
def test_an_undeclared_view_is_caught(cast: Cast) -> None:
    faults = "\n".join(_verdict(cast, "undeclared", "GET").faults)
    assert "must succeed" in faults  # the middleware refuses even the owner
    assert any("has no access rule" in str(fault.msg) for fault in doors.faults(doors.http_routes(__name__), [], []))


@pytest.mark.urls(__name__)
def test_an_unscoped_action_is_caught(cast: Cast) -> None:
    faults = "\n".join(_verdict(cast, "unscoped", "POST").faults)
    assert "as stranger: answered 204" in faults
    assert "changed {'people_patient': 1}" in faults


@pytest.mark.urls(__name__)
def test_a_leak_in_a_refusal_is_caught(cast: Cast) -> None:
    faults = "\n".join(_verdict(cast, "leak", "GET").faults)
    assert f"the refusal shows {cast.wang_fang.patient.record_no!r}" in faults
    assert "stranger can tell refused objects apart" in faults
