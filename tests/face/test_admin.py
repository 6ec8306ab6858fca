"""The administration in a browser: dressed, in Chinese, without a breach of the Content Security Policy (AG-04)."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.test import RequestFactory
from django.utils import translation

from tests.browser import WORKSTATION
from tests.face.test_pages import violations

pytestmark = pytest.mark.browser


def test_the_administration_is_clean_under_the_strict_policy(cast, open_page):
    page = open_page(WORKSTATION, cast.admin)
    page.goto("/admin/")
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    assert page.locator("#site-name svg.icon").is_visible()
    header = page.locator("#header").evaluate("header => getComputedStyle(header).backgroundColor")
    assert header == "rgb(8, 64, 61)", "the header wears the brand colour of tokens.css"
    assert violations(page) == []


def test_every_column_and_field_has_a_chinese_name(cast, rf: RequestFactory) -> None:
    """What a model's field is called where nothing is said is its name in the code."""
    request = rf.get("/admin/")
    request.user = cast.admin.account
    plain = []
    with translation.override("zh-hans"):
        for desk in (desk for site in admin.sites.all_sites for desk in site._registry.values()):
            labels = [(desk, name, label_for_field(name, desk.model, desk)) for name in desk.get_list_display(request)]
            forms = [(desk, desk.get_form(request).base_fields)]
            for part in desk.get_inline_instances(request):
                rows = part.get_formset(request)
                forms.append((part, {name: one for name, one in rows.form.base_fields.items() if name != rows.fk.name}))
            for part, fields in forms:
                labels += [(part, name, field.label) for name, field in fields.items()]
                labels += [
                    (part, name, label_for_field(name, part.model, part)) for name in part.get_readonly_fields(request)
                ]
            plain += [
                f"{part.model._meta.label}.{name}: {label}"
                for part, name, label in labels
                if name != "__str__" and not re.search("[\u4e00-\u9fff]|^[A-Z]+$", str(label))  # ID, ATC
            ]
    assert not plain, "\n".join(plain)
