"""The patient's entrance: what waits for whom, care mode, language, and what everybody may read (H3, H4, AG-01, IH-14)."""

from datetime import timedelta

import pytest
from django.utils.html import escape

from billing.models import Charge
from emr.models import Encounter, Report
from hospital.kit import clock, routes
from hospital.kit.actor import ANONYMOUS
from hospital.portal import menu, selectors
from tests.cast import actor_of_person, client_for


@pytest.fixture
def all_pages_exist(monkeypatch):
    """The home page links only to pages that exist; here every page does, whatever the apps have built so far."""
    monkeypatch.setattr(selectors, "page_exists", lambda path: True)


def _charge(person, number, amount, **columns):
    return Charge.objects.create(
        number=number, kind="test", subject_id=int(number), scene="online", patient=person.patient,
        amount=amount, created_at=clock.now(), **columns,
    )  # fmt: skip


def _report(cast, person, title, **columns):
    at = clock.now()
    return Report.objects.create(
        patient=person.patient, kind="lab", title=title, status="released", source_key=title, fingerprint="0",
        observed_at=at, reported_at=at, received_at=at, reviewed_at=at, released_at=at,
        released_by=cast.doctor_li.staff, **columns,
    )  # fmt: skip


def test_a_stranger_sees_the_hospital_and_nothing_of_anybody(cast, client, all_pages_exist):
    _charge(cast.wang_fang, "1", 6000)
    page = client.get("/").content.decode()
    assert "数据多跑路" in page
    assert "/sign-in/" in page or not routes.page_exists("/sign-in/")
    assert "60.00" not in page


def test_what_is_owed_and_what_is_new_stands_on_top(cast, all_pages_exist):
    _charge(cast.wang_fang, "1", 6000, expires_at=clock.now() + timedelta(minutes=10))
    _charge(cast.mother, "2", 12850)
    _report(cast, cast.mother, "血常规")
    page = client_for(cast.wang_fang).get("/").content.decode()
    assert "待缴费 ¥188.50" in page and "共 2 笔待缴" in page and "data-countdown" in page
    assert "血常规" in page and "李桂兰" in page, "a report of the family member says whose it is"


def test_others_see_none_of_it(cast, all_pages_exist):
    _charge(cast.wang_fang, "1", 6000)
    _report(cast, cast.wang_fang, "血常规")
    page = client_for(cast.stranger).get("/").content.decode()
    assert "血常规" not in page and "60.00" not in page


def test_a_read_report_and_an_expired_bill_wait_no_more(cast):
    _report(cast, cast.wang_fang, "血常规", first_read_at=clock.now())
    _charge(cast.wang_fang, "1", 6000, expires_at=clock.now() - timedelta(seconds=1))
    assert selectors.todos_for(actor_of_person(cast.wang_fang), at=clock.now()) == []


def test_home_asks_few_questions_of_the_database(cast, all_pages_exist, django_assert_max_num_queries):
    for at in range(6):
        _charge(cast.wang_fang, str(at + 1), 100)
        _report(cast, cast.wang_fang, f"report {at}")
    client = client_for(cast.wang_fang)
    client.get("/")
    with django_assert_max_num_queries(20):
        client.get("/")


def test_staff_are_led_to_their_own_house(cast):
    assert client_for(cast.doctor_li).get("/").headers["Location"] == "/staff/"


def test_care_mode_shows_six_buttons_and_a_person_to_call_ag01(cast, client, settings, all_pages_exist):
    answer = client.post("/care-mode/", {"care": "1"})
    assert answer.status_code == 302 and client.cookies["ih_care"].value == "1"
    page = client.get("/").content.decode()
    assert page.count("six__item") == 6 and "data-care" in page
    for name in ["预约挂号", "线上复诊", "手机缴费", "报告查询", "预问诊", "就诊人管理"]:
        assert name in page
    assert f'href="tel:{settings.HOSPITAL_PHONE}"' in page, "AG-05: one touch to a person"


def test_care_mode_follows_the_account_to_another_device(cast):
    client_for(cast.wang_fang).post("/care-mode/", {"care": "1"})
    other_device = client_for(cast.wang_fang)
    assert "data-care" in other_device.get("/").content.decode()
    other_device.post("/care-mode/", {"care": "0"})
    assert "data-care" not in client_for(cast.wang_fang).get("/").content.decode()


def test_leaving_care_mode_also_forgets_the_device(cast):
    client = client_for(cast.wang_fang)
    client.cookies["ih_care"] = "1"
    client.post("/care-mode/", {"care": "0"})
    assert "data-care" not in client.get("/").content.decode()


def test_language_is_kept_on_the_device_and_the_account(cast):
    client = client_for(cast.wang_fang)
    answer = client.post("/language/", {"language": "en", "next": "/me/"})
    assert answer.headers["Location"] == "/me/"
    assert "Service desk" in client.get("/me/").content.decode()
    cast.wang_fang.account.refresh_from_db()
    assert cast.wang_fang.account.language == "en"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_choice_never_leads_to_another_host(client, db, elsewhere):
    answer = client.post("/language/", {"language": "en", "next": elsewhere})
    assert answer.headers["Location"] == "/"


def test_an_unknown_language_is_refused(client, db):
    assert client.post("/language/", {"language": "xx"}).status_code == 422


def test_what_must_be_public_is_public_ih14(cast, client, settings):
    settings.HOSPITAL_LICENCE_NO = "PDY0000001"
    page = client.get("/about/").content.decode()
    for text in ["PDY0000001", cast.oncology.name, cast.campus.name, settings.HOSPITAL_COMPLAINT_PHONE]:
        assert escape(text) in page


def test_me_names_the_person_and_says_what_is_missing(cast):
    assert "王芳" in client_for(cast.wang_fang).get("/me/").content.decode()
    assert "未实名认证" in client_for(cast.unverified).get("/me/").content.decode()


def test_the_menus_promise_only_what_opens(cast):
    """Who has proved no real name yet, and whose pages don't open yet, isn't sent to a page that says "not found"."""
    for person in (cast.wang_fang, cast.unverified):
        actor = actor_of_person(person)
        groups = [item for group in menu.groups(actor) for item in group.items]
        for item in [*menu.common(actor), *menu.care(actor), *menu.mine(actor), *groups]:
            assert client_for(person).get(item.path).status_code == 200, item.path
    assert {"/reports/", "/family/"} <= {item.path for item in menu.mine(actor_of_person(cast.wang_fang))}
    unproved = {item.path for item in menu.mine(actor_of_person(cast.unverified))}
    assert "/reports/" not in unproved and "/family/" in unproved


def test_a_stranger_sees_all_that_is_there():
    assert all(routes.page_exists(item.path) for item in menu.common(ANONYMOUS))
    assert "/reports/" in {item.path for item in menu.common(ANONYMOUS)}


def _response(person, title, **columns):
    from hospital.forms.models import Questionnaire, QuestionnaireVersion, Response

    at = clock.now()
    name = f"form-{Questionnaire.objects.count()}"
    questionnaire = Questionnaire.objects.create(name=name, title=title, created_at=at)
    version = QuestionnaireVersion.objects.create(
        questionnaire=questionnaire, number=1, content={}, digest="0", published_at=at
    )
    return Response.objects.create(
        questionnaire=questionnaire, version=version, patient=person.patient, because="test", because_id=1,
        started_at=at, **columns,
    )  # fmt: skip


def test_forms_of_the_family_are_listed_open_ones_first(cast):
    at = clock.now()
    _response(cast.wang_fang, "已答问卷", status="completed", completed_at=at)
    waiting = _response(cast.mother, "复诊预问诊")
    _response(cast.stranger, "别人的问卷")
    _response(cast.wang_fang, "医生填写的评估", author_staff_id=cast.doctor_li.staff.pk)
    page = client_for(cast.wang_fang).get("/forms/").content.decode()
    assert page.index("复诊预问诊") < page.index("已答问卷")
    assert f"/forms/{waiting.pk}/" in page and "李桂兰" in page
    assert "别人的问卷" not in page and "医生填写的评估" not in page


def test_an_unanswered_form_waits_on_the_home_page(cast):
    _response(cast.wang_fang, "复诊预问诊")
    todos = selectors.todos_for(actor_of_person(cast.wang_fang), at=clock.now())
    assert [todo.title for todo in todos] == ["复诊预问诊"]


def test_several_new_reports_are_one_line(cast):
    for title in ["血常规", "肝功能"]:
        _report(cast, cast.wang_fang, title)
    todos = selectors.todos_for(actor_of_person(cast.wang_fang), at=clock.now())
    assert [(todo.title, todo.url) for todo in todos] == [("2 份新报告", "/reports/")]


def test_an_answer_in_the_talk_comes_first(cast):
    from consult.models import OnlineVisit

    at = clock.now()
    _charge(cast.wang_fang, "1", 6000)
    encounter = Encounter.objects.create(
        number="N1", patient=cast.wang_fang.patient, kind="N", department=cast.oncology,
        doctor=cast.doctor_li.staff, because="test", because_id=1, started_at=at,
    )  # fmt: skip
    visit = OnlineVisit.objects.create(
        patient=cast.wang_fang.patient, account=cast.wang_fang.account, doctor=cast.doctor_li.staff,
        department=cast.oncology, status="talking", last_seq=3, patient_read_seq=2, created_at=at,
        paid_at=at, started_at=at, encounter=encounter,
    )  # fmt: skip
    first = selectors.todos_for(actor_of_person(cast.wang_fang), at=at)[0]
    assert (first.url, first.text) == (f"/consult/{visit.pk}/talk/", "医生已回复")
    assert "医生已回复" not in client_for(cast.stranger).get("/").content.decode()
