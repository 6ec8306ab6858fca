"""The steps of the day this product exists for, each lived on the pages by the person whose step it is.

A breast-cancer patient lives far away. She asks for an online return visit, pays on the phone, talks to her doctor, is
prescribed drugs that are sent to her, comes once for all examinations, takes 25 sessions of radiotherapy at the hour that
suits her, and answers a follow-up form weeks later; at night every fen is matched against the channel's bill.
"""

import re
from datetime import date, datetime, time, timedelta

from playwright.sync_api import Page, expect

from hospital.kit import clock
from hospital.people.identity import compose
from tests.waiting import wait_until

from .day import TABLET, Day
from .house import House

WANG, RECORD_NO, BIRTH = "19900000001", "80000001", "王芳"
DOCTOR = "林若华"
HUSBANDS_PHONE = "19900000091"
SESSIONS = 25


def adds_a_family_member(day: Day, phone: Page) -> None:
    """A family member agrees by a code on her own phone (H1)."""
    phone.goto("/family/add/")
    phone.locator("label", has_text="配偶").click()
    phone.fill("[name=name]", "陈国栋")
    phone.fill("[name=document_no]", compose("110105", date(1976, 3, 12), 3))
    phone.fill("[name=phone]", HUSBANDS_PHONE)
    phone.locator("label", has=phone.locator("[name=consent]")).click()
    phone.locator("main form button").last.click()
    phone.fill("[name=code]", day.house.code_for(HUSBANDS_PHONE, 0))
    phone.locator("form", has=phone.locator("[name=code]")).locator("button").last.click()
    phone.wait_for_url("**/family/")
    expect(phone.get_by_text("陈国栋").first).to_be_visible()
    day.look(phone, "02-family")


def finds_her_doctor(day: Day, phone: Page) -> None:
    """The name in pinyin; the clinic is full, the same doctor is open from home (A2)."""
    phone.goto("/")
    day.look(phone, "03-home")
    phone.fill("input[name=q]", "linruohua")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/doctors/?*")
    expect(phone.get_by_text(DOCTOR).first).to_be_visible()
    day.look(phone, "04-find-a-doctor")


def applies_for_an_online_visit(day: Day, phone: Page) -> str:
    """Evidence, consent, pre-consult form, time, payment (IH-01, C1, C2). Answers the id of the visit."""
    phone.locator("a[href*='/apply/']").first.click()
    phone.wait_for_url("**/apply/**")
    day.look(phone, "05-eligibility")
    phone.locator(".action-bar button").click()
    phone.wait_for_url(re.compile(r"/consult/\d+/$"))
    visit = phone.url.rstrip("/").split("/")[-1]
    phone.locator("form[action*=consent] button").click()
    phone.locator(".action-bar a[href*='/forms/']").click()
    phone.wait_for_url("**/forms/**")
    day.look(phone, "06-questions")
    day.fill_form(
        phone, {"最主要的不舒服": "右乳癌术后2年，近1月右上肢轻度肿胀", "药名": "来曲唑片", "怎么用": "每天一片"}
    )
    phone.goto(f"/consult/{visit}/time/")
    day.look(phone, "07-choose-a-time")
    phone.locator("button.slot").first.click()
    phone.wait_for_url("**/pay/**")
    day.pay_everything(phone, "08-cashier")
    return visit


def talks(day: Day, doctor: Page, phone: Page, visit: str) -> None:
    """The doctor accepts and asks, the patient answers, both see it at once."""
    wait_until(
        lambda: _shows(doctor, "/staff/consult/", f"a[href$='/staff/consult/{visit}/']"), "the visit in the list"
    )
    doctor.goto(f"/staff/consult/{visit}/")
    doctor.locator("button[name=action][value=accept]").click()
    doctor.locator("#talk-text").fill("王女士您好，看到您的预问诊了。右上肢肿胀有多久了？")
    doctor.locator("[data-talk-form] button").last.click()
    phone.goto(f"/consult/{visit}/talk/")
    expect(phone.get_by_text("右上肢肿胀有多久了")).to_be_visible()
    phone.locator("#talk-text").fill("大概一个月，傍晚更明显。")
    phone.locator("[data-talk-form] button").last.click()
    expect(doctor.get_by_text("傍晚更明显").first).to_be_visible()
    day.look(phone, "09-talk")
    day.look(doctor, "10-workstation")


def signs_the_note(day: Day, doctor: Page) -> str:
    """The draft from her answers becomes the signed note with its ICD-10 diagnosis (E1, E2). Answers its page's path."""
    addresses = doctor.locator("a[href*='/staff/encounters/']").evaluate_all("links => links.map(link => link.href)")
    encounter = next(address for address in addresses if re.search(r"/encounters/\d+/$", address))
    for box in doctor.locator("input[name=confirmed]").all():
        box.check()
    doctor.fill("[name=f_chief_complaint]", "右乳癌术后2年，右上肢肿胀1月")
    doctor.fill("[name=f_plan]", "复查血常规、肝肾功能、肿瘤标志物和胸部CT；继续来曲唑；行区域放疗。")
    doctor.select_option("[name=f_change]", index=1)
    doctor.fill("#dx-add", "C50.900")
    doctor.locator("#dx-found").get_by_text("C50.900", exact=True).first.click()
    doctor.locator("[data-diagnosis] input[type=radio]").first.check()
    day.look(doctor, "11-note")
    doctor.locator("[data-sign]").click()
    expect(doctor.get_by_text("验签通过").first).to_be_visible()
    return encounter


def orders_for_one_trip(day: Day, doctor: Page, encounter: str) -> str:
    """Blood and CT in one set, 25 sessions of radiotherapy (C4, T1). Answers the number on the blood's request."""
    doctor.goto(encounter)
    form = doctor.locator("form", has=doctor.locator("input[name=set]"))
    form.locator("label", has=doctor.locator("input[value=BREAST-FOLLOW-UP]")).click()
    form.locator("[name=indication]").fill("乳腺癌术后复查")
    form.get_by_role("button", name="开单").click()
    expect(doctor.get_by_text("已开 2 张单")).to_be_visible()
    doctor.get_by_role("link", name="治疗").first.click()
    doctor.wait_for_url("**/staff/treatment/order/**")
    doctor.select_option("[name=item]", label="调强放射治疗")
    doctor.fill("[name=sessions]", str(SESSIONS))
    doctor.fill("main [name=indication]", "乳腺癌术后")
    doctor.locator("main form button").last.click()
    expect(doctor.get_by_text(re.compile(r"^T\d{10,}$"))).to_be_visible()
    day.look(doctor, "12-orders")
    return re.findall(r"L\d{10,}", doctor.locator("main").inner_text())[0]


def prescribes(day: Day, doctor: Page, encounter: str) -> str:
    """Answers the prescription's number."""
    doctor.goto(encounter)
    doctor.locator("main a[href*='/prescription/']").first.click()
    doctor.wait_for_url("**/prescription/")
    letrozole = doctor.locator("#drugs option[value^='来曲唑']").first.get_attribute("value")
    for name, value in {
        "drug_0": str(letrozole),
        "dose_0": "2.5",
        "per_day_0": "1",
        "days_0": "7",
        "usage_0": "早餐后",
    }.items():
        doctor.fill(f"[name={name}]", value)
    doctor.select_option("select[name=route_0]", label="口服")
    day.look(doctor, "13-prescription")
    doctor.locator("button[name=action][value=sign]").click()
    number = doctor.locator("main").get_by_text(re.compile(r"^R\d{10,}$")).first
    expect(number).to_be_visible()
    return number.inner_text()


def ends_the_visit(doctor: Page, visit: str) -> None:
    doctor.goto(f"/staff/consult/{visit}/")
    doctor.locator("button[name=action][value=end]").click()
    expect(doctor.locator("button[name=action][value=end]")).to_have_count(0)


def passes_the_prescription(day: Day, pharmacist: Page, number: str) -> str:
    """Review before payment (RX-09). Answers the path of the prescription's page."""
    pharmacist.goto("/staff/pharmacy/")
    pharmacist.locator("main a[href*='/staff/pharmacy/']", has_text=number).click()
    pharmacist.wait_for_url(re.compile(r"/staff/pharmacy/\d+/"))
    pharmacist.locator("form[action*='/take/'] button").click()
    expect(pharmacist.locator("button[name=outcome][value=pass]")).to_be_visible()
    day.look(pharmacist, "14-pharmacist")
    one = pharmacist.url
    pharmacist.locator("button[name=outcome][value=pass]").click()
    pharmacist.wait_for_url("**/staff/pharmacy/")
    return one


def pays_for_everything(day: Day, phone: Page) -> None:
    """Where the drugs go, then one payment for drugs, examinations and the whole course (B2)."""
    phone.goto("/prescriptions/")
    phone.locator("main a[href*='/prescriptions/']").first.click()
    phone.wait_for_url(re.compile(r"/prescriptions/\d+/"))
    phone.locator("label", has=phone.locator("input[name=way][value=courier]")).click()
    phone.fill("[name=recipient]", "王芳")
    phone.fill("[name=phone]", WANG)
    phone.fill("[name=address]", "临江市青桐路8号3单元502")
    phone.locator("form[action*='/delivery/'] button").click()
    phone.wait_for_load_state("load")
    phone.goto("/pay/")
    day.pay_everything(phone, "15-pay-everything")


def sends_the_drugs(day: Day, pharmacist: Page, one: str) -> None:
    """Another pharmacist: four checks, ten matches (RX-10); out with the courier."""
    wait_until(lambda: _shows(pharmacist, one, "form[action*='/dispense/']"), "the prescription is paid")
    for box in pharmacist.locator("input[name=match]").all():
        box.evaluate("box => box.closest('label').click()")
    pharmacist.locator("form[action*='/dispense/'] button").click()
    pharmacist.wait_for_load_state("load")
    pharmacist.goto(one)
    pharmacist.fill("[name=courier]", "顺丰速运")
    pharmacist.fill("[name=tracking_no]", "SF1000000001")
    pharmacist.locator("form[action*='/send/'] button").click()
    pharmacist.wait_for_load_state("load")


def chooses_the_hour(day: Day, phone: Page) -> None:
    """The whole course at one hour of the day, on one machine (T3); consent (TR-03)."""
    phone.goto("/treatment/")
    phone.locator("main a[href^='/treatment/']").first.click()
    phone.wait_for_url(re.compile(r"/treatment/\d+/$"))
    course = phone.url
    wait_until(lambda: _shows(phone, course, "a[href*='/place/']"), "the course is paid")
    phone.locator("a[href*='/place/']").first.click()
    phone.wait_for_url("**/place/**")
    phone.locator("label", has=phone.locator("input[name=choice]")).nth(5).click()
    day.look(phone, "16-choose-the-hour")
    phone.locator(".action-bar button").click()
    phone.wait_for_url(course)
    expect(phone.locator(".course-day--booked")).to_have_count(SESSIONS)
    phone.locator("form[action*='/consent/'] button").click()
    phone.wait_for_load_state("load")
    day.look(phone, "17-course")


def balances_the_books(day: Day, finance: Page, business_day: str) -> None:
    """The bill was fetched in the morning by itself: three sides agree, nothing is open (PAY-07)."""
    wait_until(lambda: _shows(finance, f"/staff/finance/?day={business_day}", "text=三方一致"), "the reconciliation")
    expect(finance.get_by_text("尚未收到渠道账单")).to_have_count(0)
    day.look(finance, "18-finance")


def sends_her_blood_result(house: House, placer_number: str) -> None:
    """HL7 v2 by MLLP: accepted; once more, harmless; another patient's number, refused."""
    at = f"{clock.local(house.wall_clock.now()):%Y%m%d%H%M%S}"
    message = "\r".join(
        [
            f"MSH|^~\\&|LIS|LAB|HIS|H|{at}||ORU^R01|STORY1|P|2.5",
            f"PID|1||{RECORD_NO}^^^MRN||王芳||19780512|F",
            f"OBR|1|{placer_number}|F-STORY|CBC^血常规^LIS|||{at}",
            "OBX|1|NM|HGB^血红蛋白||108|g/L|115-150|L|||F",
            "OBX|2|NM|WBC^白细胞||5.2|10*9/L|3.5-9.5||||F",
        ]
    )
    assert "MSA|AA|STORY1" in house.laboratory_sends(message)
    assert "MSA|AA|STORY1" in house.laboratory_sends(message), "a repeat is harmless"
    stranger = message.replace(RECORD_NO, "80000002").replace("STORY1", "STORY2")
    assert "MSA|AA" not in house.laboratory_sends(stranger), "another patient's number is refused"


def releases_the_result(day: Day, doctor: Page) -> None:
    doctor.goto("/staff/results/")
    doctor.locator("main tr", has_text=RECORD_NO).locator("a[href*='/staff/results/']").first.click()
    doctor.wait_for_url(re.compile(r"/staff/results/\d+/"))
    day.look(doctor, "19-result")
    doctor.locator("form[action*='/release/'] button").last.click()
    doctor.wait_for_load_state("load")


def reads_her_result(day: Day, phone: Page) -> None:
    phone.goto("/reports/")
    phone.locator("main a[href*='/reports/']").first.click()
    phone.wait_for_url(re.compile(r"/reports/\d+/"))
    expect(phone.get_by_text("血红蛋白").first).to_be_visible()
    expect(phone.get_by_text("偏低").first).to_be_visible()
    day.look(phone, "20-report")


def releases_the_plan(day: Day, doctor: Page, therapist: Page, course_id: str) -> None:
    """The doctor approves; who simulates, checks, measures and looks at the image is another person (TR-06)."""
    for page in (therapist, doctor):
        page.goto(f"/staff/treatment/courses/{course_id}/")
        while page.locator("form[action*='/release/'] button").count():
            with page.expect_navigation():
                page.locator("form[action*='/release/'] button").first.click()
    expect(doctor.locator(".check--missing")).to_have_count(0)
    therapist.goto("/staff/treatment/")
    day.look(therapist, "21-board")


def card_of(phone: Page) -> str:
    """The number on her visit card, as a scanner reads it (H2)."""
    phone.goto("/card/")
    return phone.locator(".code-card .mono").inner_text().strip()


def course_of(phone: Page) -> str:
    phone.goto("/treatment/")
    phone.locator("main a[href^='/treatment/']").first.click()
    phone.wait_for_url(re.compile(r"/treatment/\d+/$"))
    return phone.url.rstrip("/").split("/")[-1]


def gives_a_session(day: Day, therapist: Page, card: str) -> None:
    """Scan, ask, assess where due, give, write down (T5); the house itself asks once more for the fee (TR-01)."""
    therapist.goto("/staff/treatment/")
    therapist.fill("[name=token]", card)
    therapist.locator("form[action*='/scan/'] button").click()
    therapist.wait_for_url(re.compile(r"/staff/treatment/sessions/\d+/"))
    session = therapist.url
    assess = therapist.locator("form[action*='/assessments/'] button")
    if assess.count():
        assess.click()
        therapist.wait_for_url("**/staff/forms/**")
        day.fill_form(therapist, {})
        therapist.goto(session)
    questions = therapist.locator("form[action*='/screen/']")
    for no in questions.locator("label", has=therapist.locator("input[value=no]")).all():
        no.click()
    with therapist.expect_navigation():
        questions.locator("button").click()
    for feature in ("card", "birth_date"):
        therapist.locator("label", has=therapist.locator(f"input[name=identified_by][value={feature}]")).click()
    therapist.select_option("[name=second_therapist]", index=1)
    therapist.fill("[name=dose_cgy]", "200")
    day.look(therapist, "22-session")
    therapist.locator("form", has=therapist.locator("[name=dose_cgy]")).locator("button").last.click()
    therapist.wait_for_url("**/staff/treatment/")


def answers_the_follow_up(day: Day, phone: Page) -> None:
    """Two weeks after the last session the form is there by itself; a bad answer is given (T9)."""
    wait_until(lambda: _shows(phone, "/messages/", "a[href*='/forms/']"), "the follow-up form")
    phone.locator("a[href*='/forms/']").first.click()
    phone.wait_for_url("**/forms/**")
    day.look(phone, "23-follow-up")
    day.fill_form(phone, {"请简单说说": "上周洗澡时摸到一个小硬块"}, {"有下面的情况": "摸到新的肿块"})


def handles_the_alarm(day: Day, manager: Page) -> None:
    """Taken by one case manager, who calls and says what was done."""
    wait_until(lambda: _shows(manager, "/staff/follow-up/", "form[action*='/take/']"), "the alarm")
    day.look(manager, "24-alarm")
    manager.locator("form[action*='/take/'] button").first.click()
    manager.fill("[name=what_was_done]", "已电话联系，约今天下午来院复查。")
    manager.locator("form", has=manager.locator("[name=what_was_done]")).locator("button").first.click()
    expect(manager.locator("td", has_text="已电话联系")).to_be_visible()


def tablet(day: Day, login: str) -> Page:
    return day.staff(login, TABLET)


def next_morning(house: House, days: int = 1) -> datetime:
    """Five past ten: the channel has its bill of yesterday ready from ten o'clock on."""
    today = clock.business_day(house.wall_clock.now())
    return clock.at_local(today + timedelta(days=days), time(10, 5))


def _shows(page: Page, url: str, selector: str) -> bool:
    page.goto(url)
    return page.locator(selector).count() > 0
