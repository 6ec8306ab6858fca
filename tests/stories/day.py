"""The day this product exists for, lived in headless Chromium against the running house.

A breast-cancer patient who lives far away: online return visit, orders for one trip, prescription, payment, laboratory,
radiotherapy, follow-up. Each step is what a person does on a page; nothing is called from behind. Pictures are taken
on the way when a folder for them is given (docs/tour/).
"""

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from django_otp.oath import TOTP
from playwright.sync_api import Browser, BrowserContext, Page, expect

PHONE = {"width": 390, "height": 844}
WORKSTATION = {"width": 1440, "height": 900}
TABLET = {"width": 1024, "height": 768}


def wait_until(true: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait for a condition and give its value; fail with its name when it doesn't come."""
    limit, tick = time.monotonic() + seconds, threading.Event()
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < limit, f"{what} did not come true within {seconds:.0f} s"
        tick.wait(0.2)


@dataclass
class Day:
    browser: Browser
    web: str  # base URL of the pages
    sandbox: str  # base URL of the outside channels
    mllp_port: int
    password: str  # of the demo's staff
    totp_key: bytes
    pictures: Path | None = None
    faults: list[str] = field(default_factory=list)

    # --- means -------------------------------------------------------------------------------------------------

    def look(self, page: Page, name: str, *, whole: bool = False) -> None:
        """A picture for the tour."""
        if self.pictures is not None:
            page.wait_for_load_state("load")
            page.screenshot(path=self.pictures / f"{name}.png", full_page=whole)

    def context(self, size: Any) -> BrowserContext:
        made = self.browser.new_context(viewport=size, locale="zh-CN", base_url=self.web)
        made.set_default_timeout(60_000)
        return made

    def page_of(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"script error on {page.url}: {error}"))
        page.on(
            "response",
            lambda answer: self.faults.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None,
        )
        return page

    def texts_to(self, phone: str) -> list[str]:
        """What the SMS gateway was given for a phone, the newest first."""
        log = requests.get(f"{self.sandbox}/sms/_sandbox/log", timeout=10).json()["messages"]
        return [row["text"] for row in reversed(log) if row["receiver"].endswith(phone)]

    def code_for(self, phone: str, known: int) -> str:
        texts = wait_until(lambda: self.texts_to(phone)[: -known or None] and self.texts_to(phone), "a code by SMS")
        found = re.search(r"\b\d{6}\b", texts[0])
        assert found, texts[0]
        return found.group()

    # --- signing in --------------------------------------------------------------------------------------------

    def patient(self, phone: str) -> Page:
        """A patient signs in on the phone with a code that comes by SMS."""
        page = self.page_of(self.context(PHONE))
        page.goto("/sign-in/")
        self.look(page, "01-sign-in")
        known = len(self.texts_to(phone))
        page.fill("input[name=phone]", phone)
        page.click("main form button[type=submit], main form button:not([type])")
        page.wait_for_url("**/sign-in/code/**")
        page.fill("input[name=code]", self.code_for(phone, known))
        page.locator("form", has=page.locator("input[name=code]")).locator("button").first.click()
        page.wait_for_url(f"{self.web}/")
        return page

    def staff(self, login: str, size: Any = WORKSTATION) -> Page:
        """A member of staff signs in with password and second factor."""
        page = self.page_of(self.context(size))
        page.goto("/staff/sign-in/")
        page.fill("input[name=account], input[name=login], input[name=name]", login)
        page.fill("input[name=password]", self.password)
        page.locator("form", has=page.locator("input[name=password]")).locator("button").first.click()
        page.wait_for_url("**/staff/sign-in/second/**")
        self._second_factor(page)
        page.wait_for_url(f"{self.web}/staff/")
        return page

    def _second_factor(self, page: Page) -> None:
        """The code of the authenticator; one is good once, so the next comes with the next half minute."""
        box = page.locator("input[name=token], input[name=code]").first
        box.fill(f"{TOTP(self.totp_key).token():06d}")
        page.locator("form", has=box).locator("button").first.click()

    # --- the journey -------------------------------------------------------------------------------------------

    def find_doctor(self, page: Page, words: str, name: str) -> None:
        page.goto("/")
        self.look(page, "02-home")
        page.fill("input[name=q]", words)
        page.keyboard.press("Enter")
        page.wait_for_url("**/doctors/?*")
        expect(page.get_by_text(name).first).to_be_visible()
        self.look(page, "03-find-a-doctor")

    def pay_everything(self, page: Page, name: str = "") -> None:
        """The cashier page, then the channel's own page, then the result."""
        page.goto("/pay/") if "/pay/" not in page.url else None
        if name:
            self.look(page, name)
        page.locator("input[name=method][value=h5], input[name=method]").first.check(force=True)
        page.get_by_role("button", name=re.compile("支付|缴费")).last.click()
        page.wait_for_url("**/pay/orders/**")
        number = page.url.rstrip("/").split("/")[-1]
        wait_until(lambda: self._channel_takes(number), f"the channel's yes to {number}")
        expect(page.get_by_text(re.compile("支付成功|已支付")).first).to_be_visible(timeout=60_000)
        if name:
            self.look(page, f"{name}-result")

    def _channel_takes(self, number: str) -> bool:
        """The person presses "pay" at the channel."""
        url = f"{self.sandbox}/wechatpay/_sandbox/orders/{number}/pay"
        return requests.post(url, json={}, timeout=20).status_code == 200

    def laboratory_sends(self, message: str) -> str:
        """One HL7 v2 message by MLLP; answers the acknowledgement."""
        with socket.create_connection(("127.0.0.1", self.mllp_port), timeout=20) as line:
            line.sendall(b"\x0b" + message.encode() + b"\x1c\r")
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                part = line.recv(65536)
                assert part, "the listener hung up"
                answer += part
        return answer.strip(b"\x0b\x1c\r").decode()

    def fill_form(self, page: Page, words: list[str]) -> None:
        """Each page of a form: words where words are asked, the first choice of each question, then on."""
        for _page in range(20):
            answered: set[str] = set()
            for _round in range(3):  # an answer may open further questions
                for box in page.locator("main form :is(input, textarea, select)").all():
                    self._answer(page, box, answered, words)
            onward = page.locator("main button.btn--primary", has_text=re.compile("下一页|提交"))
            expect(
                page.get_by_text(re.compile("已保存")).or_(page.locator("input[name=page][value=check]"))
            ).to_have_count(1)
            with page.expect_navigation():
                onward.last.click()
            page.wait_for_load_state("load")
            if "/forms/" not in page.url:
                return
            assert onward.count(), page.locator("main").inner_text()[:1000]
        raise AssertionError(f"the form doesn't end: {page.url}")

    def _answer(self, page: Page, box: Any, answered: set[str], words: list[str]) -> None:
        kind, name = box.get_attribute("type") or "", box.get_attribute("name") or ""
        if kind in {"hidden", "file"} or name in answered:
            return
        if kind in {"radio", "checkbox"}:
            if not box.evaluate("e => !!(e.closest('label') || e).offsetParent"):
                return
            answered.add(name)
            if not page.locator(f"main form input[name='{name}']:checked").count():
                box.evaluate("e => (e.closest('label') || e).click()")
        elif box.is_visible() and box.is_enabled():
            answered.add(name)
            box.fill(words.pop(0) if words else "无")
