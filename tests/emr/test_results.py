"""Reports: filed once, wrong patients refused, flags judged, critical values answered, released (E4, E11)."""

from decimal import Decimal

import pytest

from emr import errors, judgement, services
from emr.models import CriticalAlert, CriticalLimit, Flag, Observation, Report, SignedVersion
from hospital.kit import clock
from hospital.kit.problems import Problem, StaleMove
from hospital.kit.transactions import entry
from hospital.messaging.models import Message

from .conftest import Clinic

pytestmark = pytest.mark.django_db


def test_a_report_answers_its_order_and_the_repeat_is_harmless(clinic: Clinic) -> None:
    order = clinic.order()
    clinic.pay(order)
    report = clinic.file(order)
    assert clinic.file(order).pk == report.pk
    assert Report.objects.count() == 1 and Observation.objects.count() == 1
    order.refresh_from_db()
    assert order.status == "reported" and report.title == "血常规" and report.doctor_id == order.doctor_id


def test_a_report_for_another_patient_is_refused(clinic: Clinic) -> None:
    order = clinic.order()
    clinic.pay(order)
    with pytest.raises(errors.WrongPatient):
        clinic.file(order, patient_id=clinic.cast.stranger.patient_id)
    assert not Report.objects.exists()


def test_a_report_for_an_unknown_or_cancelled_order_is_refused(clinic: Clinic) -> None:
    order = clinic.order()
    entry(services.order_cancel)(actor=clinic.li, order_id=order.pk, at=clock.now())
    with pytest.raises(errors.UnknownOrder):
        clinic.file(order)
    order.placer_number = "L0"
    with pytest.raises(errors.UnknownOrder):
        clinic.file(order)


def test_a_correction_replaces_and_must_be_released_again(clinic: Clinic) -> None:
    first = clinic.release(clinic.file())
    second = clinic.file(values=[("hgb", "血红蛋白", "118", "g/L", "115-150")])
    first.refresh_from_db()
    assert (first.status, second.status, second.version, second.replaces_id) == ("replaced", "received", 2, first.pk)
    waiting = Message.objects.filter(key__startswith=f"report.released:{first.pk}", status="waiting")
    assert not waiting.exists(), "what isn't true any more isn't told"


def test_a_flag_is_computed_for_the_patients_sex_when_the_laboratory_sent_none(clinic: Clinic) -> None:
    clinic.file(values=[("hgb", "血红蛋白", "120", "g/L"), ("x", "无参考", "5", "U/L"), ("y", "乙肝", "阴性")])
    flags = list(Observation.objects.order_by("position").values_list("flag", "flag_is_ours", "range_low"))
    assert flags == [("N", True, Decimal(115)), ("", True, None), ("", True, None)]
    clinic.file(
        key="LAB|2",
        patient_id=clinic.cast.new_patient("李大勇", sex="1").patient_id,
        values=[("hgb", "血红蛋白", "120", "g/L")],
    )
    assert Observation.objects.get(report__source_key="LAB|2").flag == "L"


def test_the_hospitals_range_is_not_used_for_another_unit(clinic: Clinic) -> None:
    clinic.file(values=[("hgb", "血红蛋白", "12", "g/dL")])
    assert Observation.objects.get().flag == ""


def test_the_laboratorys_own_flag_stands(clinic: Clinic) -> None:
    clinic.file(values=[("hgb", "血红蛋白", "120", "g/L", "115-150", "L")])
    row = Observation.objects.get()
    assert (row.flag, row.flag_is_ours) == ("L", False)


@pytest.mark.parametrize(
    ("value", "range_text", "sex", "flag"),
    [
        ("5.1", "3.5-9.5", "2", Flag.NORMAL), ("3.49", "3.5--9.5", "2", Flag.LOW), ("9.6", "3.5～9.5", "2", Flag.HIGH),
        ("<0.5", "0-5", "2", Flag.NONE), ("<0.5", "≤5", "2", Flag.NORMAL), (">1000", "<35", "2", Flag.HIGH),
        ("120", "男 130-175 女 115-150", "1", Flag.LOW), ("120", "男 130-175 女 115-150", "2", Flag.NORMAL),
        ("120", "男 130-175 女 115-150", "0", Flag.NONE), ("阳性", "阴性", "2", Flag.NONE), ("7", "", "2", Flag.NONE),
    ],
)  # fmt: skip
def test_values_and_ranges_as_laboratories_write_them(value: str, range_text: str, sex: str, flag: str) -> None:
    comparator, number = judgement.parse_value(value)
    assert judgement.flag_of(comparator, number, judgement.parse_range(range_text, sex), judgement.Range()) == flag


def test_a_critical_value_calls_the_doctor_and_holds_the_release(clinic: Clinic) -> None:
    CriticalLimit.objects.create(code="hgb", low=Decimal(60), source="tests")
    order = clinic.order()
    clinic.pay(order)
    report = clinic.file(order, values=[("hgb", "血红蛋白", "52", "g/L", "115-150", "L")])
    assert Observation.objects.get().flag == Flag.VERY_LOW
    assert CriticalAlert.objects.get().doctor_id == clinic.cast.doctor_li.staff.pk
    message = Message.objects.get(kind="report.critical")
    assert message.account_id == clinic.cast.doctor_li.account.pk
    with pytest.raises(errors.NotReleasable):
        clinic.release(report)
    acknowledge = entry(services.critical_acknowledge)
    with pytest.raises(errors.ReasonMissing):
        acknowledge(actor=clinic.li, report_id=report.pk, handled=" ", at=clock.now())
    acknowledge(actor=clinic.li, report_id=report.pk, handled="已电话通知，嘱急诊输血", at=clock.now())
    assert clinic.release(report).status == "released"


def test_release_tells_the_patient_and_signs_what_was_shown(clinic: Clinic) -> None:
    report = clinic.release(clinic.file(), comment="轻度贫血，注意饮食")
    told = Message.objects.get(kind="report.released")
    assert (told.account_id, told.url) == (clinic.cast.wang_fang.account.pk, f"/reports/{report.pk}/")
    assert "108" not in str(told.context)
    link = SignedVersion.objects.get(kind="report")
    assert link.data["comment"] == "轻度贫血，注意饮食" and link.data["observations"][0][2] == "108"
    with pytest.raises(StaleMove):
        clinic.release(report)


def test_a_doctor_without_care_relation_releases_nothing_G15(clinic: Clinic) -> None:
    report = clinic.file()
    for person in (clinic.cast.other_doctor, clinic.cast.nurse, clinic.cast.wang_fang):
        with pytest.raises(Problem, match="not-found"):
            entry(services.report_release)(actor=clinic.actor(person), report_id=report.pk, at=clock.now())
    assert Report.objects.get().status == "received"
