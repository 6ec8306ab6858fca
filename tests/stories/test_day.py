"""The day this product exists for, from the patient's login to the nightly reconciliation, in one story.

The house's own processes run on the test's database: web, realtime, worker, beat, the MLLP listener and the sandbox of
outside channels. `TOUR=docs/tour pytest tests/stories` takes the pictures of the README.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import call_command
from playwright.sync_api import expect, sync_playwright

from billing.models import Payment
from emr.models import Order
from hospital.kit import clock
from hospital.messaging.models import Message
from hospital.organisation.seeding import DEMO_PASSWORD, DEMO_TOTP_KEY
from tests.browser import CHROMIUM
from tests.operations.test_drill import Drill
from tests.stories.day import TABLET, Day, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.services,
    pytest.mark.xdist_group("services"),
    pytest.mark.django_db(transaction=True),
]
WANG = "19900000001"
CAPTION = {"doctor": "林若华", "item": "调强放射治疗"}


@pytest.fixture
def house(tmp_path: Path, settings: Any) -> Iterator[Drill]:
    call_command("load_catalogues")
    call_command("load_consent")
    call_command("seed", "--size", "demo")
    made = Drill(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def day(house: Drill, tmp_path: Path) -> Iterator[Day]:
    pictures = Path(os.environ["TOUR"]).resolve() if "TOUR" in os.environ else None
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    ports = house.house.layout.ports
    with sync_playwright() as player:
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
        browser = player.chromium.launch(executable_path=CHROMIUM, args=options)
        made = Day(
            browser=browser,
            web=house.web,
            sandbox=f"http://127.0.0.1:{ports['SANDBOX_PORT']}",
            mllp_port=ports["MLLP_PORT"],
            password=DEMO_PASSWORD,
            totp_key=bytes.fromhex(DEMO_TOTP_KEY),
            pictures=pictures,
        )
        yield made
        for number, context in enumerate(
            browser.contexts
        ):  # how each screen stood at the end, for whoever mends a break
            for page in context.pages:
                page.screenshot(path=tmp_path / f"end-{number}.png", full_page=True)
        browser.close()


def test_the_day_this_product_exists_for(day: Day) -> None:
    phone = day.patient(WANG)
    visit = _apply_for_an_online_visit(day, phone)
    doctor = day.staff("doctor01")
    encounter = _talk_and_sign_the_note(day, doctor, phone, visit)
    _order_and_prescribe(day, doctor, encounter)
    _pharmacist_passes(day)
    phone.goto("/pay/")
    day.pay_everything(phone, "16-pay")
    _choose_the_hour_of_radiotherapy(day, phone)
    _laboratory_result_reaches_the_phone(day, doctor, phone)
    _finance_balances_the_day(day)
    assert day.faults == []
    _everything_is_whole()


def _apply_for_an_online_visit(day: Day, phone: Any) -> str:
    day.find_doctor(phone, "linruohua", CAPTION["doctor"])
    phone.locator("a[href*='/apply/']").first.click()
    phone.wait_for_url("**/apply/**")
    day.look(phone, "04-eligibility")
    phone.locator(".action-bar button").click()
    phone.wait_for_url(re.compile(r"/consult/\d+/$"))
    visit = phone.url.rstrip("/").split("/")[-1]
    day.look(phone, "05-consent")
    phone.locator("form[action*=consent] button").click()
    phone.locator(".action-bar a[href*='/forms/']").click()
    phone.wait_for_url("**/forms/**")
    day.look(phone, "06-questions")
    day.fill_form(phone, ["右乳癌术后2年，近1月右上肢轻度肿胀"])
    phone.goto(f"/consult/{visit}/time/")
    day.look(phone, "07-choose-a-time")
    phone.locator("button.slot").first.click()
    phone.wait_for_url(re.compile(r"/pay/|/consult/\d+/$"))
    if "/pay/" not in phone.url:
        phone.locator(".action-bar a[href*='/pay/']").click()
        phone.wait_for_url("**/pay/**")
    day.pay_everything(phone, "08-cashier")
    phone.goto(f"/consult/{visit}/talk/")
    return visit


def _talk_and_sign_the_note(day: Day, doctor: Any, phone: Any, visit: str) -> str:
    day.look(doctor, "10-my-day")
    doctor.goto(f"/staff/consult/{visit}/")
    doctor.locator("button[name=action][value=accept]").click()
    doctor.locator("#talk-text").fill("王女士您好，看到您的预问诊了。右上肢肿胀有多久了？")
    doctor.locator("[data-talk-form] button").click()
    phone.goto(f"/consult/{visit}/talk/")
    expect(phone.get_by_text("右上肢肿胀有多久了")).to_be_visible()
    phone.locator("#talk-text").fill("大概一个月，傍晚更明显。")
    phone.locator("[data-talk-form] button").click()
    expect(doctor.get_by_text("傍晚更明显")).to_be_visible()
    day.look(phone, "09-talk")
    day.look(doctor, "11-workstation")
    doctor.locator("aside a[href*='/staff/encounters/']").click()
    doctor.wait_for_url("**/staff/encounters/*/")
    encounter = str(doctor.url)
    for box in doctor.locator("input[name=confirmed]").all():
        box.check()
    doctor.fill("[name=f_chief_complaint]", "右乳癌术后2年，右上肢肿胀1月")
    doctor.fill("[name=f_plan]", "复查血常规、肝肾功能、肿瘤标志物和胸部CT；继续来曲唑；行区域放疗。")
    doctor.select_option("[name=f_change]", index=1)
    doctor.fill("#dx-add", "C50.900")
    doctor.locator("#dx-found").get_by_text("C50.900", exact=True).click()
    doctor.locator("[data-diagnosis] input[type=radio]").first.check()
    day.look(doctor, "12-note")
    doctor.locator("[data-sign]").click()
    expect(doctor.get_by_text("验签通过")).to_be_visible()
    return encounter


def _order_and_prescribe(day: Day, doctor: Any, encounter: str) -> None:
    doctor.locator("label", has=doctor.locator("input[name=set][value=BREAST-FOLLOW-UP]")).click()
    doctor.fill("[name=indication]", "乳腺癌术后复查")
    doctor.get_by_role("button", name="开单").click()
    wait_until(lambda: Order.objects.filter(kind__in=["lab", "imaging"]).exclude(charge_id=None).count() >= 2, "orders")
    doctor.get_by_role("link", name="治疗").first.click()
    doctor.wait_for_url("**/staff/treatment/order/**")
    doctor.select_option("[name=item]", label=CAPTION["item"])
    doctor.fill("[name=sessions]", "25")
    doctor.fill("main [name=indication]", "乳腺癌术后")
    doctor.locator("main form button").last.click()
    doctor.wait_for_url(encounter)
    doctor.locator("a[href*='/prescription/']").first.click()
    doctor.wait_for_url("**/prescription/")
    drugs = doctor.locator("select[name=drug_0] option").all_inner_texts()
    doctor.select_option("select[name=drug_0]", label=next(drug for drug in drugs if "来曲唑" in drug))
    doctor.fill("[name=dose_0]", "2.5")
    doctor.fill("[name=per_day_0]", "1")
    doctor.select_option("select[name=route_0]", label="口服")
    doctor.fill("[name=days_0]", "7")
    doctor.fill("[name=usage_0]", "早餐后")
    day.look(doctor, "13-prescription")
    doctor.locator("button[name=action][value=sign]").click()
    doctor.wait_for_url(encounter)


def _pharmacist_passes(day: Day) -> None:
    pharmacist = day.staff("pharmacist01", TABLET)
    pharmacist.goto("/staff/pharmacy/")
    day.look(pharmacist, "14-pharmacy")
    pharmacist.locator("main a[href*='/staff/pharmacy/']").first.click()
    pharmacist.wait_for_url(re.compile(r"/staff/pharmacy/\d+/"))
    take = pharmacist.locator("form[action*='/take/'] button")
    if take.count():
        take.click()
    day.look(pharmacist, "15-review")
    pharmacist.locator("button[name=outcome][value=pass]").click()
    pharmacist.wait_for_load_state("load")


def _choose_the_hour_of_radiotherapy(day: Day, phone: Any) -> None:
    phone.goto("/treatment/")
    phone.locator("main a[href^='/treatment/']").first.click()
    phone.wait_for_url(re.compile(r"/treatment/\d+/$"))
    wait_until(lambda: _reloaded(phone).locator("a[href*='/place/']").count(), "the course is paid")
    phone.locator("a[href*='/place/']").click()
    phone.wait_for_url("**/place/**")
    day.look(phone, "17-choose-the-hour")
    phone.locator("label", has=phone.locator("input[name=choice]")).nth(5).click()
    phone.locator(".action-bar button").click()
    phone.wait_for_url(re.compile(r"/treatment/\d+/$"))
    assert phone.locator(".course-day--booked").count() == 25
    phone.locator("form[action*='/consent/'] button").click()
    phone.wait_for_load_state("load")
    day.look(phone, "18-course", whole=True)


def _reloaded(page: Any) -> Any:
    page.reload()
    return page


def _laboratory_result_reaches_the_phone(day: Day, doctor: Any, phone: Any) -> None:
    order = Order.objects.filter(kind="lab").latest("pk")
    patient = order.patient
    message = "\r".join(
        [
            f"MSH|^~\\&|LIS|LAB|HIS|H|{clock.local(clock.now()):%Y%m%d%H%M%S}||ORU^R01|STORY1|P|2.5",
            f"PID|1||{patient.record_no}^^^MRN||{patient.name}||{patient.birth_date:%Y%m%d}|F",
            f"OBR|1|{order.placer_number}|F-STORY|CBC^血常规^LIS|||{clock.local(clock.now()):%Y%m%d%H%M%S}",
            "OBX|1|NM|HGB^血红蛋白||108|g/L|115-150|L|||F",
            "OBX|2|NM|WBC^白细胞||5.2|10*9/L|3.5-9.5||||F",
        ]
    )
    assert "MSA|AA|STORY1" in day.laboratory_sends(message)
    assert "MSA|AA|STORY1" in day.laboratory_sends(message), "a repeat is harmless"
    stranger = message.replace(patient.record_no, "00000000").replace("STORY1", "STORY2")
    assert "MSA|AA" not in day.laboratory_sends(stranger), "the wrong patient is refused"
    doctor.goto("/staff/results/")
    doctor.locator("main a[href*='/staff/results/']").first.click()
    doctor.wait_for_url(re.compile(r"/staff/results/\d+/"))
    day.look(doctor, "19-result")
    doctor.locator("form[action*='/release/'] button").last.click()
    doctor.wait_for_load_state("load")
    phone.goto("/reports/")
    phone.locator("main a[href*='/reports/']").first.click()
    phone.wait_for_url(re.compile(r"/reports/\d+/"))
    expect(phone.get_by_text("血红蛋白").first).to_be_visible()
    expect(phone.get_by_text("偏低").first).to_be_visible()
    day.look(phone, "20-report", whole=True)


def _finance_balances_the_day(day: Day) -> None:
    """That night: the channel's bill is fetched by the house and every fen of it is matched."""
    today = clock.today()
    opened = requests.post(f"{day.sandbox}/wechatpay/_sandbox/bills/{today}/open", json={}, timeout=20)
    assert opened.status_code == 200, opened.text
    finance = day.staff("finance01")
    finance.goto(f"/staff/finance/?day={today}")
    finance.locator("form[action*='/finance/run/'] button").click()
    finance.wait_for_load_state("load")
    day.look(finance, "21-finance")
    assert finance.locator("main").inner_text().count("¥")


def _everything_is_whole() -> None:
    call_command("check_invariants")
    call_command("verify_emr")
    due = Message.objects.filter(status__in=["waiting", "sending"], not_before__lte=clock.now())
    wait_until(
        lambda: not due.filter(deliveries__status="waiting", deliveries__due_at__lte=clock.now()).exists(), "outbox"
    )
    assert Payment.objects.filter(recorded_at__date=clock.today()).exists()
