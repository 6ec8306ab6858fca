"""What people of the day do in a browser: sign in, fill a form, pay; each as a person does it on a page."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser import PATIENCE
from tests.waiting import wait_until

from .house import House

PHONE = {"width": 390, "height": 844}
WORKSTATION = {"width": 1440, "height": 900}
TABLET = {"width": 1024, "height": 768}
_ONWARD = re.compile("下一页|提交|交给")


@dataclass
class Day:
    browser: Browser
    house: House
    pictures: Path | None = None  # where the tour's pictures go
    faults: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    # --- means -----------------------------------------------------------------------------------------------------

    def look(self, page: Page, name: str) -> None:
        """A picture for the tour."""
        if self.pictures is not None:
            page.wait_for_load_state("load")
            page.screenshot(path=self.pictures / f"{name}.png")

    def page(self, size: Any) -> Page:
        context = self.browser.new_context(viewport=size, locale="zh-CN", base_url=self.house.drill.web)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        self.pages.append(page)
        page.on("pageerror", lambda error: self.faults.append(f"script error on {page.url}: {error}"))
        page.on("response", lambda got: self.faults.append(f"{got.status} {got.url}") if got.status >= 500 else None)
        return page

    # --- signing in ------------------------------------------------------------------------------------------------

    def patient(self, phone: str) -> Page:
        """A patient signs in on the phone with a code that comes by SMS."""
        page = self.page(PHONE)
        page.goto("/sign-in/")
        self.look(page, "01-sign-in")
        known = len(self.house.texts_to(phone))
        page.fill("input[name=phone]", phone)
        page.locator("form", has=page.locator("input[name=phone]")).locator("button").first.click()
        page.wait_for_url("**/sign-in/code/**")
        page.fill("input[name=code]", self.house.code_for(phone, known))
        page.locator("form", has=page.locator("input[name=code]")).locator("button").first.click()
        page.wait_for_url(f"{self.house.drill.web}/")
        return page

    def staff(self, login: str, size: Any = WORKSTATION) -> Page:
        """A member of staff signs in with password and second factor."""
        page = self.page(size)
        page.goto("/staff/sign-in/")
        page.fill("input[name=name]", login)
        page.fill("input[name=password]", self.house.password)
        page.locator("form", has=page.locator("input[name=password]")).locator("button").first.click()
        page.wait_for_url("**/staff/sign-in/second/**")
        box = page.locator("input[name=token], input[name=code]").first
        box.fill(self.house.second_factor())
        page.locator("form", has=box).locator("button").first.click()
        page.wait_for_url(f"{self.house.drill.web}/staff/")
        return page

    # --- forms -----------------------------------------------------------------------------------------------------

    def fill_form(self, page: Page, words: dict[str, str], choices: dict[str, str] | None = None) -> None:
        """Each page of a form: words and choices by the question's own text, else the first choice; then on."""
        for _page in range(20):
            self._answer_page(page, words, choices or {})
            with page.expect_navigation():
                page.locator("main button.btn--primary", has_text=_ONWARD).last.click()
            if "/forms/" not in page.url or not page.locator("main button.btn--primary", has_text=_ONWARD).count():
                return
        raise AssertionError(f"the form doesn't end: {page.url}")

    def _answer_page(self, page: Page, words: dict[str, str], choices: dict[str, str]) -> None:
        for _round in range(3):  # an answer may open further questions
            for question in page.locator("main [data-question]:visible").all():
                asked = question.inner_text()
                boxes = question.locator("input[type=radio], input[type=checkbox]")
                wanted = next((answer for text, answer in choices.items() if text in asked), "")
                if question.locator("[data-question]").count():
                    continue  # a group: its questions come by themselves
                if boxes.count():
                    if not question.locator("input:checked").count():
                        label = question.locator("label", has=page.locator("input"), has_text=wanted)
                        label.first.click()
                    continue
                box = question.locator("textarea, select, input:not([type=hidden])").first
                if box.count() and box.is_editable() and not box.input_value():
                    given = next((answer for text, answer in words.items() if text in asked), "")
                    numeric = box.get_attribute("inputmode") in {"decimal", "numeric"}
                    if box.evaluate("e => e.tagName") == "SELECT":
                        box.select_option(index=1)
                    elif given or question.locator("[required], [aria-required]").count():
                        box.fill(given or ("1" if numeric else "无"))

    # --- the outside world -----------------------------------------------------------------------------------------

    def pay_everything(self, page: Page, name: str = "") -> None:
        """The cashier page, then the channel's own page, then the result."""
        self.look(page, name) if name else None
        page.get_by_role("button", name=re.compile("支付|缴费")).last.click()
        page.wait_for_url("**/pay/orders/**")
        number = page.url.rstrip("/").split("/")[-1]
        wait_until(lambda: self.house.channel_takes(number), f"the channel's yes to {number}")
        expect(page.get_by_text(re.compile("支付成功|已支付")).first).to_be_visible()
        self.look(page, f"{name}-done") if name else None
