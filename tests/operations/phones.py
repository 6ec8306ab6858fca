"""Patients at the door of a running house: they wait on conditions, and try again when nobody answers, as people do."""

import secrets
from typing import Any

import requests
from django.conf import settings

from appointments.models import Session
from tests.cast import Person, client_for
from tests.waiting import wait_until


class Phone:
    """A patient's browser. `web` is the hospital's address, `channel` that of WeChat Pay's stand-in."""

    def __init__(self, person: Person, *, web: str, channel: str, verify: str | bool = True) -> None:
        self.person, self.web, self.channel = person, web, channel
        self.token = secrets.token_hex(16)
        self.http = requests.Session()
        self.http.verify, self.http.trust_env = verify, False
        self.http.headers["Referer"] = f"{web}/"
        self.http.headers["User-Agent"] = f"phone {self.token[:8]}"  # one device for a crowd is a dealer's (AP-07)
        if person.account is not None:
            key = client_for(person).cookies[settings.SESSION_COOKIE_NAME].value
            self.http.cookies.set(settings.SESSION_COOKIE_NAME, key)
        self.http.cookies.set(settings.CSRF_COOKIE_NAME, self.token)

    def get(self, url: str, **options: Any) -> requests.Response:
        return self.http.get(self.web + url, allow_redirects=False, timeout=30, **options)

    def post_once(self, url: str, **data: Any) -> requests.Response:
        form = data | {"csrfmiddlewaretoken": self.token}
        return self.http.post(self.web + url, form, allow_redirects=False, timeout=40)

    def post(self, url: str, **data: Any) -> requests.Response:
        """Until the hospital answers."""
        answers: list[requests.Response] = []

        def answered() -> bool:
            try:
                answer = self.post_once(url, **data)
            except requests.RequestException:
                return False
            if answer.status_code < 500:
                answers.append(answer)
            return bool(answers)

        wait_until(answered, f"an answer of {url}")
        return answers[0]

    def book(self, session: Session, period_id: int) -> str:
        """Answers the id of the charge."""
        held = self.post(f"/book/{session.pk}/", patient=self.person.patient_id, period=period_id)
        assert held.status_code == 302, held.text[:2000]
        return held.headers["Location"].strip("/").split("/")[-1]

    def book_and_pay(self, session: Session, period_id: int) -> str:
        """Answers the number of the order that the channel took the money for."""
        started = self.post("/pay/", charge=self.book(session, period_id), method="native")
        assert started.status_code == 302, started.text[:2000]
        number = started.headers["Location"].strip("/").split("/")[-1]
        wait_until(lambda: self._channel_took(number), f"the channel's yes to {number}")
        return number

    def _channel_took(self, number: str) -> bool:
        paid = requests.post(f"{self.channel}/_sandbox/orders/{number}/pay", json={}, timeout=20)
        if paid.status_code == 200:
            return True
        self.post(f"/pay/orders/{number}/prepare/")  # the page's own button, when the channel knows of no order yet
        return False
