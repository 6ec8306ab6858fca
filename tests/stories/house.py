"""The steps of the day by plain HTTP: what a person without JavaScript, or a program, does; each survives an outage."""

import re
import socket
from dataclasses import dataclass
from typing import Any

import requests
from django_otp.oath import TOTP

from tests.drill import Drill, WallClock
from tests.waiting import wait_until

from .visitor import NoAnswer, Visitor


@dataclass
class House:
    """The running house and its outside channels, as a person reaches them."""

    drill: Drill
    wall_clock: WallClock
    password: str  # of the demo's staff
    totp_key: bytes

    def code_for(self, phone: str, known: int) -> str:
        """The six digits that a phone was sent after `known` earlier texts."""

        def found() -> list[str]:
            return [code for text in self.texts_to(phone)[known:] for code in re.findall(r"\b\d{6}\b", text)]

        return str(wait_until(found, f"a code by SMS to {phone[-4:]}")[-1])

    def texts_to(self, phone: str) -> list[str]:
        """What a phone was sent, the oldest first."""
        return [row["text"] for row in self.texts() if row["receiver"].endswith(phone)]

    def texts(self) -> list[dict[str, Any]]:
        """All that the SMS gateway sent out."""
        log = requests.get(f"{self.drill.sandbox}/sms/_sandbox/log", timeout=10).json()["messages"]
        assert isinstance(log, list)
        return log

    def second_factor(self) -> str:
        device = TOTP(self.totp_key)
        device.time = self.wall_clock.now().timestamp()
        return f"{device.token():06d}"

    def channel_takes(self, number: str) -> bool:
        """The person presses "pay" at the channel; False while the channel knows of no such order."""
        url = f"{self.drill.channel}/_sandbox/orders/{number}/pay"
        return requests.post(url, json={}, timeout=20).status_code == 200

    def laboratory_sends(self, message: str) -> str:
        """One HL7 v2 message by MLLP, again until it is acknowledged, as laboratories do; answers the acknowledgement."""

        def sent() -> str:
            try:
                return self._send(message)
            except OSError:
                return ""

        return str(wait_until(sent, "the acknowledgement of the result"))

    def _send(self, message: str) -> str:
        with socket.create_connection(("127.0.0.1", self.drill.mllp_port), timeout=20) as line:
            line.sendall(b"\x0b" + message.encode() + b"\x1c\r")
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                part = line.recv(65536)
                if not part:
                    raise ConnectionResetError("the listener hung up")
                answer += part
        return answer.strip(b"\x0b\x1c\r").decode()

    # --- signing in ------------------------------------------------------------------------------------------------

    def patient(self, phone: str) -> Visitor:
        """By a code that comes by SMS."""
        visitor = Visitor(self.drill.web)
        known = len(self.texts_to(phone))
        visitor.insist(
            lambda: "/sign-in/code/" in visitor.url and visitor.has_form("code"),
            lambda: visitor.open("/sign-in/").submit("phone", phone=phone),
            "the code is asked for",
        )
        code, asked = self.code_for(phone, known), (visitor.url, visitor.html)

        def answer() -> None:
            visitor.url, visitor.html = asked
            visitor.submit("code", code=code)

        visitor.insist(lambda: visitor.open("/me/").status == 200, answer, "signed in")
        return visitor

    def staff(self, login: str) -> Visitor:
        """By password and second factor; a factor is good once, so the next try waits for the next."""
        visitor, used = Visitor(self.drill.web), set[str]()

        def sign_in() -> None:
            factor = self.second_factor()
            if factor in used:
                return
            visitor.open("/staff/sign-in/").submit("password", name=login, password=self.password)
            used.add(factor)
            field = "token" if visitor.has_form("token") else "code"
            visitor.submit(field, **{field: factor})

        visitor.insist(lambda: visitor.open("/staff/").status == 200, sign_in, f"{login} signed in")
        return visitor

    # --- forms -----------------------------------------------------------------------------------------------------

    def fill_form(self, visitor: Visitor, path: str) -> None:
        """Every page of a form: the first choice of each question, words where words are asked."""
        visitor.insist(lambda: visitor.open(path), lambda: None, f"the form {path}")
        for _page in range(60):
            if not visitor.has_form("revision"):
                return
            try:
                self._answer(visitor)
            except NoAnswer:
                visitor.insist(lambda: visitor.open(visitor.url), lambda: None, f"the page {visitor.url}")
        raise AssertionError(f"the form doesn't end: {visitor.url} {visitor.text[:500]}")

    def _answer(self, visitor: Visitor) -> None:
        """One page, as it stands."""
        form = visitor.form("revision")
        values: dict[str, Any] = {}
        stands = form.sends("")
        for field in form.fields():
            name, kind = field.get("name", ""), field.get("type", "text")
            if kind in {"hidden", "file"} or (kind in {"radio", "checkbox"} and stands.get(name)):
                continue
            if kind in {"radio", "checkbox"}:
                values.setdefault(name, field.get("value"))
            elif field.tag != "select":
                values[name] = "60" if field.get("inputmode") in {"decimal", "numeric"} else "无"
        buttons = [b.get("value", "") for b in form.element.iter("button") if b.get("name") == "action"]
        onward = next(value for value in buttons if value in {"next", "submit", "check"})
        visitor.submit("revision", button=f"action={onward}", **values)
        assert visitor.status != 422, visitor.text

    # --- treatment -------------------------------------------------------------------------------------------------

    def gives_a_session(self, therapist: Visitor, card: str) -> None:
        """Scan, ask, assess where due, give, write down; as on the tablet."""
        therapist.open("/staff/treatment/").submit("/scan/", token=card)
        assert "/treatment/sessions/" in therapist.url, therapist.text
        session = therapist.url
        if therapist.has_form("/assessments/"):
            therapist.submit("/assessments/")
            self.fill_form(therapist, therapist.url)
            therapist.open(session)
        questions = {field.get("name", "") for field in therapist.form("/screen/").fields()} - {"csrfmiddlewaretoken"}
        therapist.submit("/screen/", **dict.fromkeys(questions, "no"))
        form = therapist.form("identified_by")
        colleague = next(option.get("value", "") for option in form.element.iter("option") if option.get("value"))
        therapist.submit(
            "identified_by", identified_by=["card", "birth_date"], second_therapist=colleague, dose_cgy=200
        )
        assert therapist.url.endswith("/staff/treatment/"), therapist.text

    def sees_the_patient(self, doctor: Visitor, course_id: str) -> None:
        """The doctor's review of the week, without which nothing more is given (TR-09)."""
        course = f"/staff/treatment/courses/{course_id}/"
        doctor.open(course).submit("/review/", finding="皮肤轻度发红，无破溃；一般情况好，继续治疗。")
        assert "皮肤轻度发红" in doctor.text, doctor.text
