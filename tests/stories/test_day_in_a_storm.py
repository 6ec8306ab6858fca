"""The same day over HTTP while processes are killed with SIGKILL and Redis is emptied: it ends the same (G04, G05, G30).

A person who gets no answer looks what became of it and tries again, as people do; what the house acknowledged is there.
"""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from hospital.kit import clock
from tests.waiting import wait_until

from . import journey
from .ending import WHEN_SHE_HAS_HER_RESULT, everything_is_whole, what_the_house_knows
from .house import House
from .visitor import NoAnswer, Visitor

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

_VICTIMS = ["web", "worker", "realtime", "beat", "mllp"]
_PAUSE = 4.0  # seconds between two blows at least: the house gives up on what dies more than five times in a minute
_CALM = 8  # answers between two blows: a storm that never lets up proves nothing but that nobody gets an answer


@contextmanager
def storm(house: House) -> Iterator[list[str]]:
    """Kill one process after the other, and empty Redis with every second blow, until the story is over.

    Each process works again before the next one dies. On a slow machine they would otherwise die faster than they
    start: the whole house would be down for ever, which is no storm any more but a siege.
    """
    over, blows = threading.Event(), list[str]()

    def rage() -> None:
        heard = Visitor.answers
        while not over.wait(_PAUSE):
            if Visitor.answers < heard + _CALM:
                continue
            victim = _VICTIMS[len(blows) % len(_VICTIMS)]
            house.drill.kill(victim)
            if len(blows) % 2 == 0:
                house.drill.empty_redis()
            wait_until(partial(house.drill.works, victim), f"{victim} works again")
            blows.append(victim)
            heard = Visitor.answers

    with ThreadPoolExecutor(1, thread_name_prefix="storm") as sky:
        raging = sky.submit(rage)
        try:
            yield blows
        finally:
            over.set()
            raging.result()  # a storm that broke down has proved nothing


def test_the_day_ends_the_same_in_a_storm_g04_g05_g30(house: House) -> None:
    morning = house.wall_clock.now()
    with storm(house) as blows:
        phone = house.patient(journey.WANG)
        placer_number = _she_asks_from_home(house, phone)
        phone.insist(lambda: {*_VICTIMS} <= {*blows}, lambda: phone.open("/"), "each process has died once")
        house.drill.set_clock(journey.next_morning(house))
        _the_books_balance(house.staff("finance01"), clock.business_day(morning).isoformat())
        journey.sends_her_blood_result(house, placer_number)
        _her_result_comes(house.staff("doctor01"), house.patient(journey.WANG))
    assert what_the_house_knows(morning) == WHEN_SHE_HAS_HER_RESULT
    everything_is_whole(house)


def _she_asks_from_home(house: House, phone: Visitor) -> str:
    """From the application to the booked course; answers the number on the request for her blood."""
    visit = _apply(phone)
    _answer_the_questions(house, phone, visit)
    _choose_a_time(phone, visit)
    _pay(house, phone)
    doctor = house.staff("doctor01")
    _talk(doctor, phone, visit)
    encounter = _sign_the_note(doctor, visit)
    placer_number = _order(doctor, encounter)
    number = _prescribe(doctor, encounter)
    _end(doctor, visit)
    prescription = _pass(house.staff("pharmacist01"), number)
    _have_it_sent(phone)
    _pay(house, phone)
    _dispense(house.staff("pharmacist02"), prescription)
    _choose_the_hour(phone)
    return placer_number


def _apply(phone: Visitor) -> str:
    def visits() -> list[str]:
        return phone.open("/consult/").links(r"^/consult/\d+/$")

    earlier: set[str] = phone.insist(lambda: {"", *visits()}, lambda: None, "her visits")

    def applied() -> list[str]:
        return [address for address in visits() if address not in earlier]

    def apply() -> None:
        phone.open("/doctors/?q=linruohua")
        phone.open(phone.links(r"/apply/$")[0]).submit("patient")

    address: str = phone.insist(applied, apply, "the application")[0]
    visit = address.rstrip("/").split("/")[-1]
    phone.insist(
        lambda: not phone.open(address).has_form("/consent/"), lambda: phone.submit("/consent/"), "the consent"
    )
    return visit


def _answer_the_questions(house: House, phone: Visitor, visit: str) -> None:
    forms: list[str] = phone.insist(
        lambda: phone.open(f"/consult/{visit}/").links(r"^/forms/\d+/"), lambda: None, "the form to fill in"
    )
    house.fill_form(phone, forms[0])


def _choose_a_time(phone: Visitor, visit: str) -> None:
    def choose() -> None:
        phone.open(f"/consult/{visit}/time/")
        slot = next(button for button in phone.tree.iter("button") if button.get("name") == "period")
        phone.submit("/time/" if phone.has_form("/time/") else "csrfmiddlewaretoken", period=slot.get("value"))

    phone.insist(lambda: phone.open(f"/consult/{visit}/").links(r"^/pay/\d+/"), choose, "a time")


def _pay(house: House, phone: Visitor) -> None:
    """Everything owed, at once; who got no answer sees at /pay/ whether something is still owed."""
    numbers: list[str] = []

    def pay() -> None:
        if not numbers:
            phone.submit("method", method="native")
            assert "/pay/orders/" in phone.url, phone.text
            numbers.append(phone.url.rstrip("/").split("/")[-1])
        if not house.channel_takes(numbers[-1]):
            phone.open(f"/pay/orders/{numbers[-1]}/")
            if phone.has_form("/prepare/"):
                phone.submit("/prepare/")

    phone.insist(lambda: not phone.open("/pay/").has_form("method"), pay, "everything is paid")


def _talk(doctor: Visitor, phone: Visitor, visit: str) -> None:
    desk, talk = f"/staff/consult/{visit}/", f"/consult/{visit}/talk/"

    def accept() -> None:
        if doctor.has_form("/act/"):  # it may not be known as paid yet
            doctor.submit("/act/", "action=accept", action="accept")

    def say(person: Visitor, words: str) -> None:
        person.submit("text", text=words)

    doctor.insist(lambda: doctor.open(desk).has_form("text"), accept, "accepted")
    doctor.insist(lambda: "肿胀有多久" in doctor.open(desk).text, lambda: say(doctor, "右上肢肿胀有多久了？"), "asked")
    phone.insist(lambda: "傍晚更明显" in phone.open(talk).text, lambda: say(phone, "傍晚更明显。"), "answered")
    doctor.insist(lambda: "傍晚更明显" in doctor.open(desk).text, lambda: None, "read")


def _sign_the_note(doctor: Visitor, visit: str) -> str:
    addresses: list[str] = doctor.insist(
        lambda: doctor.open(f"/staff/consult/{visit}/").links(r"/staff/encounters/\d+/$"), lambda: None, "the encounter"
    )
    encounter = re.sub(r"[?#].*", "", addresses[0])

    def sign() -> None:
        form = doctor.form("f_chief_complaint")
        told = [field.get("value") for field in form.fields() if field.get("name") == "confirmed"]
        change = next(
            option.get("value")
            for field in form.fields()
            if field.get("name") == "f_change"
            for option in field.iter("option")
            if option.get("value")
        )
        doctor.submit(
            "f_chief_complaint",
            to=f"{encounter}sign/",
            confirmed=told,
            f_chief_complaint="右乳癌术后2年，右上肢肿胀1月",
            f_plan="复查血常规、肝肾功能、肿瘤标志物和胸部CT；继续来曲唑；行区域放疗。",
            f_change=change,
            dx=["C50.900"],
            dx_main="C50.900",
        )

    doctor.insist(lambda: "验签通过" in doctor.open(encounter).text, sign, "the signed note")
    return encounter


def _order(doctor: Visitor, encounter: str) -> str:
    def ordered(letter: str) -> bool:
        return re.search(rf"{letter}\d{{10,}}", doctor.open(encounter).text) is not None

    doctor.insist(
        lambda: ordered("L") and ordered("I"),
        lambda: doctor.submit("set", set="BREAST-FOLLOW-UP", indication="乳腺癌术后复查"),
        "blood and CT are ordered",
    )

    def order_radiotherapy() -> None:
        doctor.open(encounter)
        doctor.open(doctor.links(r"/staff/treatment/order/\d+/")[0])
        options = [option for option in doctor.form("item").element.iter("option") if "调强" in (option.text or "")]
        doctor.submit("item", item=options[0].get("value"), sessions=journey.SESSIONS, indication="乳腺癌术后")

    doctor.insist(lambda: ordered("T"), order_radiotherapy, "radiotherapy is ordered")
    return re.findall(r"L\d{10,}", doctor.text)[0]


def _prescribe(doctor: Visitor, encounter: str) -> str:
    def prescribe() -> None:
        doctor.open(f"{encounter}prescription/")
        form = doctor.form("drug_0")
        drug = next(
            option.get("value") for option in form.element.iter("option") if "来曲唑" in option.get("value", "")
        )
        line = {"drug_0": drug, "dose_0": "2.5", "per_day_0": "1", "days_0": "7", "usage_0": "早餐后"}
        doctor.submit("drug_0", "action=sign", **line)

    def signed() -> str:
        """Its number. When the house dies between keeping the draft and signing it, the draft is there: she signs that."""
        found = re.search(r"(R\d{10,}) 待药师审核", doctor.open(encounter).text)
        return found.group(1) if found else ""

    return str(doctor.insist(signed, prescribe, "the prescription is with the pharmacist"))


def _end(doctor: Visitor, visit: str) -> None:
    doctor.insist(
        lambda: not doctor.open(f"/staff/consult/{visit}/").has_form("code"),
        lambda: doctor.submit("code", "action=end"),
        "the visit is over",
    )


def _pass(pharmacist: Visitor, number: str) -> str:
    waiting: list[str] = pharmacist.insist(
        lambda: pharmacist.open("/staff/pharmacy/").links_with(number), lambda: None, "the prescription in the queue"
    )

    def review() -> None:
        if pharmacist.has_form("/take/"):
            pharmacist.submit("/take/")
            pharmacist.open(waiting[0])
        pharmacist.submit("/review/", "outcome=pass", outcome="pass")

    def passed() -> bool:
        pharmacist.open(waiting[0])
        return not pharmacist.has_form("/take/") and not pharmacist.has_form("/review/")

    pharmacist.insist(passed, review, "the prescription is passed")
    return waiting[0]


def _have_it_sent(phone: Visitor) -> None:
    def chosen() -> bool:
        phone.open("/prescriptions/")
        phone.open(phone.links(r"/prescriptions/\d+/")[0])
        return "青桐路" in phone.html

    phone.insist(
        chosen,
        lambda: phone.submit(
            "way", way="courier", recipient="王芳", phone=journey.WANG, address="临江市青桐路8号3单元502"
        ),
        "the address",
    )


def _dispense(pharmacist: Visitor, one: str) -> None:
    def dispense() -> None:
        if pharmacist.has_form("match"):
            names = [field.get("value") for field in pharmacist.form("match").fields() if field.get("name") == "match"]
            pharmacist.submit("match", match=names)
        elif pharmacist.has_form("courier"):
            pharmacist.submit("courier", courier="顺丰速运", tracking_no="SF1000000001")

    pharmacist.insist(lambda: "SF1000000001" in pharmacist.open(one).text, dispense, "the drugs are sent")


def _choose_the_hour(phone: Visitor) -> None:
    def course() -> str:
        return phone.open("/treatment/").links(r"^/treatment/\d+/$")[0]

    def placed() -> bool:
        return not phone.open(course()).links(r"/place/") and f"0 / {journey.SESSIONS}" in phone.text

    def place() -> None:
        if not phone.links(r"/place/"):
            raise NoAnswer("not paid yet")
        phone.open(phone.links(r"/place/")[0])
        hours = [field.get("value") for field in phone.form("choice").fields() if field.get("name") == "choice"]
        phone.submit("choice", choice=hours[5])

    phone.insist(lambda: placed() and "/slip/" in phone.html, place, "the course is placed")
    phone.insist(
        lambda: not phone.open(course()).has_form("/consent/"), lambda: phone.submit("/consent/"), "the consent"
    )


def _the_books_balance(finance: Visitor, day: str) -> None:
    finance.insist(
        lambda: "2 笔三方一致" in finance.open(f"/staff/finance/?day={day}").text, lambda: None, "the books balance"
    )


def _her_result_comes(doctor: Visitor, phone: Visitor) -> None:
    """Her doctor releases it, and it is on her phone."""

    def release() -> None:
        results = doctor.open("/staff/results/").links(r"/staff/results/\d+/")
        if any(journey.RECORD_NO in doctor.open(result).text for result in results) and doctor.has_form("/release/"):
            doctor.submit("/release/")

    def released() -> bool:
        reports = phone.open("/reports/").links(r"^/reports/\d+/")
        return bool(reports) and "血红蛋白" in phone.open(reports[0]).text

    phone.insist(released, release, "her result is on her phone")
