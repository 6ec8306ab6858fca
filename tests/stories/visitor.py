"""A person who uses the pages by plain HTTP: opens them, fills their forms, and tries again when nobody answers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import requests
import tinyhtml5

from tests.waiting import wait_until


class NoAnswer(Exception):
    """The house is down or busy at this moment: a person reloads the page and looks what became of it."""


@dataclass
class Form:
    """One form of a page with what it would send as it stands."""

    element: Element
    action: str
    method: str

    def sends(self, button: str) -> dict[str, list[str]]:
        data: dict[str, list[str]] = {}
        for field in self.element.iter():
            name, kind = field.get("name"), field.get("type", "")
            if not name or field.get("disabled") is not None:
                continue
            if field.tag == "textarea":
                data.setdefault(name, []).append((field.text or "").removeprefix("\n"))
            elif field.tag == "select":
                chosen = [option for option in field.iter("option") if option.get("selected") is not None]
                for option in chosen or list(field.iter("option"))[:1]:
                    data.setdefault(name, []).append(option.get("value", option.text or ""))
            elif field.tag == "button" and f"{name}={field.get('value')}" == button:
                data.setdefault(name, []).append(field.get("value", ""))
            elif field.tag == "input" and (kind not in {"checkbox", "radio"} or field.get("checked") is not None):
                data.setdefault(name, []).append(field.get("value", "on" if kind == "checkbox" else ""))
        return data

    def fields(self) -> Iterator[Element]:
        yield from (field for field in self.element.iter() if field.get("name") and field.tag != "button")


class Visitor:
    answers = 0  # that all visitors have had: how far the story is

    def __init__(self, base: str) -> None:
        self.base, self.http = base, requests.Session()
        self.url, self.html, self.status = base, "", 0
        self.http.headers["Accept-Language"] = "zh-CN"

    # --- one try ---------------------------------------------------------------------------------------------------

    def open(self, path: str) -> "Visitor":
        return self._request("GET", urljoin(self.base, path))

    def submit(self, marker: str, button: str = "", to: str = "", **values: Any) -> "Visitor":
        """Send the form that has `marker` in its action or a field of that name; values replace what stands there.

        `button` is the pressed one as name=value; `to` is its own address (formaction).
        """
        form = self.form(marker)
        data = form.sends(button)
        for name, value in values.items():
            data[name] = [str(one) for one in (value if isinstance(value, list) else [value])]
        return self._request(form.method, urljoin(self.url, to or form.action or self.url), data)

    def _request(self, method: str, url: str, data: dict[str, list[str]] | None = None) -> "Visitor":
        send = {"params": data} if method == "GET" else {"data": data}
        try:
            answer = self.http.request(method, url, timeout=20, headers={"Referer": self.url}, **send)
        except requests.RequestException as down:
            raise NoAnswer(url) from down
        if answer.status_code >= 500:
            raise NoAnswer(f"{answer.status_code} {url}")
        self.url, self.html, self.status = answer.url, answer.text, answer.status_code
        Visitor.answers += 1
        return self

    # --- reading ---------------------------------------------------------------------------------------------------

    @property
    def tree(self) -> Element:
        return tinyhtml5.parse(self.html, namespace_html_elements=False)

    @property
    def text(self) -> str:
        main = self.tree.find(".//main")
        return re.sub(r"\s+", " ", " ".join((main if main is not None else self.tree).itertext()))

    def forms(self) -> Iterator[Form]:
        for element in self.tree.iter("form"):
            yield Form(element, element.get("action", ""), element.get("method", "get").upper())

    def form(self, marker: str) -> Form:
        for form in self.forms():
            if marker in form.action or any(field.get("name") == marker for field in form.fields()):
                return form
        raise AssertionError(f"no form {marker!r} on {self.url} ({self.status}): {self.text[:600]}")

    def has_form(self, marker: str) -> bool:
        return any(marker in one.action or any(f.get("name") == marker for f in one.fields()) for one in self.forms())

    def links(self, pattern: str) -> list[str]:
        """The addresses on this page that match, in order."""
        found = [link.get("href", "") for link in self.tree.iter("a")]
        return [address for address in found if re.search(pattern, address)]

    def links_with(self, words: str) -> list[str]:
        """The addresses of links on this page that show these words."""
        return [link.get("href", "") for link in self.tree.iter("a") if words in "".join(link.itertext())]

    # --- as people do ----------------------------------------------------------------------------------------------

    def insist(self, done: Callable[[], Any], do: Callable[[], Any], what: str) -> Any:
        """Look whether it is done; if not, do it, and look again; through every outage."""

        def tried() -> Any:
            try:
                return done() or (do(), done())[1]
            except NoAnswer:
                return None

        return wait_until(tried, lambda: f"{what} (on {self.url}, {self.status}: {self.text[:1500]})")
