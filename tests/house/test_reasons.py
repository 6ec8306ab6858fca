"""A reason that the house gives reaches people: on a bill, a refund, a prescription. It must be in the catalogue."""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils import translation

from hospital.kit.reasons import in_words

# A transition's reason and a line of the audit trail are read by who looks for a cause: they name it as the code does.
KEPT_AS_CODE = {"move", "begin", "record", "encounter_close", "BundleUnreadable"}


def bare_reasons(source: str) -> Iterator[str]:
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for word in call.keywords:
            kept = word.arg == "reason" and name in KEPT_AS_CODE
            if (
                word.arg in {"reason", "end_reason"}
                and not kept
                and isinstance(word.value, ast.Constant)
                and word.value.value
            ):
                yield f"{name}({word.arg}={word.value.value!r}), line {word.value.lineno}"


def test_a_reason_that_people_may_read_is_marked_for_the_catalogue() -> None:
    apps = ("hospital", "appointments", "consult", "emr", "billing", "treatment")
    sources = [file for app in apps for file in (Path(settings.BASE_DIR) / app).rglob("*.py")]
    played = {"seeding", "day_played.py"}  # what people say there is in their own language
    found = {
        str(file.relative_to(settings.BASE_DIR)): bare
        for file in sources
        if not played.intersection(file.parts) and (bare := list(bare_reasons(file.read_text(encoding="utf-8"))))
    }
    assert found == {}


def test_it_finds_a_bare_reason() -> None:
    assert list(bare_reasons('order_cancel(reason="expired")')) == ["order_cancel(reason='expired'), line 1"]
    assert list(bare_reasons('order_cancel(reason=gettext_noop("expired"))')) == []


def test_the_house_speaks_the_readers_language_and_a_person_is_quoted() -> None:
    with translation.override("zh-hans"):
        assert in_words("not paid in time") == "超时未支付"
        assert in_words("家里有事") == "家里有事"
        assert in_words("") == ""
