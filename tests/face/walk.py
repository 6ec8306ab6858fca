"""A walk through every page of the house in one browser, as each person whom its rule lets in. Helpers, no tests.

The pages come from Django's test client inside one transaction that is rolled back, by way of the browser's request
interception: no server, no cleaning of tables. What each page is about comes from the factories of the access matrix,
so that a new page is visited as soon as it has a rule and a subject, and nobody can forget it.
"""

import contextvars
import copy
import html
import mimetypes
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python.sync_playwright
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import Browser, Page
from playwright.sync_api import Route as Asked

from hospital.kit.access import Rule
from hospital.kit.actor import Role
from hospital.kit.doors import Route
from tests.access.matrix import Visitor
from tests.access.subjects import Case
from tests.browser import PATIENCE, PHONE, WORKSTATION, Size

HOST = "http://testserver"
HTML = "text/html"


@cache
def static_file(path: str) -> tuple[bytes, str]:
    found = finders.find(path.removeprefix("/static/"))
    assert isinstance(found, str), f"no static file {path}"
    return Path(found).read_bytes(), mimetypes.guess_type(path)[0] or "application/octet-stream"


@cache
def axe_script() -> str:
    return (Path(axe_playwright_python.sync_playwright.__file__).parent / "axe.min.js").read_text()


@dataclass
class Walker:
    """One browser page through which everybody looks at the house."""

    browser: Browser
    page: Page = field(init=False)
    client: Client = field(init=False)
    document: Any = None  # the answer that the next navigation gets
    lost: list[str] = field(default_factory=list)
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    def __post_init__(self) -> None:
        context = self.browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        self.page = context.new_page()
        self.page.route("**/*", self._answer)
        self.page.on("pageerror", lambda error: self.lost.append(f"script error: {error}"))

    def _answer(self, asked: Asked) -> None:
        request, parts = asked.request, urlsplit(asked.request.url)
        if f"{parts.scheme}://{parts.netloc}" != HOST:
            self.lost.append(f"request to another host: {request.url}")
            asked.abort()
        elif request.is_navigation_request():
            self._send(asked, self.document)
        elif parts.path.startswith("/static/"):
            body, kind = static_file(parts.path)
            asked.fulfill(body=body, content_type=kind)
        elif request.method == "GET":
            headers = {name: value for name, value in request.headers.items() if name.startswith("hx-")}
            # Playwright calls us in a context of its own, where Django would open another connection to the database.
            answer = self.context.run(self.client.get, f"{parts.path}?{parts.query}", headers=headers)
            self._send(asked, answer)
        else:
            asked.abort()  # nobody touches anything on this walk

    @staticmethod
    def _send(asked: Asked, answer: Any) -> None:
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        headers = {name.lower(): value for name, value in answer.items()}
        asked.fulfill(status=answer.status_code, headers=headers, body=body)

    def show(self, client: Client, answer: Any, path: str, size: Size) -> None:
        self.client, self.document, self.lost = client, answer, []
        self.context = contextvars.copy_context()
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.goto(HOST + path, wait_until="load")

    def faults(self, size: Size, narrow: int) -> list[str]:
        """Everything that is wrong with the page that is shown."""
        found = [*self.lost, *self.violations(), *self.page.evaluate(PROBE)]
        self.page.keyboard.press("Tab")
        found += self.page.evaluate(FOCUS)
        self.page.set_viewport_size({"width": narrow, "height": size[1]})
        over = self.page.evaluate(WIDE)
        return [*found, f"{over} px too wide at {narrow} px"] if over > 0 else found

    def violations(self) -> list[str]:
        """What axe finds on the page as it is; the gravest first."""
        self.page.evaluate(axe_script())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [
            f"{fault['impact']} {fault['id']}: {node['target']} {node['failureSummary']}"
            for fault in found
            for node in fault["nodes"]
        ]

    def keep(self, name: str) -> None:
        """A picture for the eye, when LOOK_DIR says where."""
        folder = os.environ.get("LOOK_DIR")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{re.sub(r'[^A-Za-z0-9]+', '_', name)}.png", full_page=True)

    def close(self) -> None:
        self.page.context.close()


# What the browser itself says of a page: nothing runs over the edge, nothing moves, focus shows, errors are linked.
PROBE = """
() => {
  const faults = [];
  const name = element => element.outerHTML.slice(0, 120);
  if (document.getAnimations().length) faults.push('something moves although motion is unwanted');
  for (const control of document.querySelectorAll('[aria-invalid=true]')) {
    const told = (control.getAttribute('aria-describedby') || '').split(/\\s+/).filter(Boolean);
    const group = control.closest('fieldset');
    const also = ((group && group.getAttribute('aria-describedby')) || '').split(/\\s+/).filter(Boolean);
    if (![...told, ...also].some(id => document.getElementById(id)?.closest('.field__error')))
      faults.push('an error that its field does not name: ' + name(control));
  }
  for (const link of document.querySelectorAll('.error-summary a'))
    if (!document.getElementById(link.hash.slice(1))) faults.push('an error that leads nowhere: ' + name(link));
  if (document.querySelector('.field__error') && !document.querySelector('[role=alert]'))
    faults.push('an error that is not announced');
  return faults;
}
"""

FOCUS = """
() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter(element => element.checkVisibility({visibilityProperty: true}) && !element.disabled && element.type !== 'hidden')
  .filter(element => {
    element.focus({preventScroll: true});
    if (document.activeElement !== element) return false;
    const shown = [element, element.parentElement, element.nextElementSibling].filter(Boolean).map(getComputedStyle);
    return !shown.some(style => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)
      || style.boxShadow !== 'none');
  })
  .map(element => 'focus does not show: ' + element.outerHTML.slice(0, 120))
"""

WIDE = "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"


def frame_of(answer: Any) -> Size:
    """The size of the people whom a page is made for."""
    return WORKSTATION if b'class="staff' in answer.content or b"staff.css" in answer.content else PHONE


def browser_of(visitor: Visitor, language: str = "zh-hans") -> Client:
    """The visitor's browser with cookies of its own: what a page sets there is not there for the next one."""
    client = copy.copy(visitor.client)
    client.cookies = copy.deepcopy(visitor.client.cookies)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


def visits(route: Route, rule: Rule, cases: list[Case], everyone: list[Visitor]) -> Iterator[tuple[Case, str, Visitor]]:
    """(case, path, visitor): one visitor for each role that may come in, in each case of the route."""
    for case in cases:
        seen: set[frozenset[Role]] = set()
        for visitor in everyone:
            allowed = visitor.name in case.may and not visitor.roles.isdisjoint(rule.roles)
            if not allowed or visitor.name in {"disabled", "idle", "service"} or visitor.roles in seen:
                continue
            seen.add(visitor.roles)
            yield case, reverse(route.name, kwargs=dict(case.url)), visitor


def is_page(answer: Any) -> bool:
    """A whole page: no redirect, file, fragment or program's answer."""
    return (
        not answer.streaming
        and answer.get("Content-Type", "").startswith(HTML)
        and b"<!doctype html" in answer.content[:200].lower()
    )


_LINK = re.compile(r'<a\b[^>]*\shref="(/[^"#]*)')


def dead_links(client: Client, answer: Any, name: str, tried: set[tuple[str, str]]) -> Iterator[str]:
    """Links of a page that don't open for the person who sees it. `tried`: whose door of which kind opened already."""
    for path in dict.fromkeys(map(html.unescape, _LINK.findall(answer.content.decode()))):
        try:
            door = resolve(urlsplit(path).path).view_name
        except Resolver404:
            yield f"a link that leads nowhere: {path}"
            continue
        if (name, door) in tried:
            continue
        status = client.get(path).status_code
        if status in {403, 404, 405} or status >= 500:
            yield f"a link that answers {status}: {path}"
        else:
            tried.add((name, door))


_PART = re.compile(rb"<([a-z][a-z0-9-]*)([^>]*)>")
_SHAPE = re.compile(rb'(?:class|role|type|scope|aria-[a-z]+(?==))(?:="[^"]*")?')


def shape_of(answer: Any) -> frozenset[tuple[bytes, ...]]:
    """The kinds of elements on a page: two pages that differ only in their words or in how many have one shape."""
    return frozenset((tag, *_SHAPE.findall(rest)) for tag, rest in _PART.findall(answer.content))
