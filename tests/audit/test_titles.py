"""H7, SEC-04: patients and auditors never read raw codes: each action that the product writes has a title, in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from hospital.audit import kinds
from hospital.audit.models import Entry
from hospital.audit.services import record
from hospital.kit import clock
from treatment.states import CourseStatus

PROJECT = Path(__file__).resolve().parents[2]
APPS = ["hospital", "appointments", "billing", "consult", "emr", "treatment"]
# Actions that are put together: the expression, and what it may become.
COMPOSED = {"f'treatment.{status.value}'": [f"treatment.{status}" for status in ("finished", "stopped", "cancelled")]}


def _modules() -> Iterator[ast.Module]:
    for app in APPS:
        for path in (PROJECT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield ast.parse(path.read_text(encoding="utf-8"))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _action_of(call: ast.Call, position: int) -> ast.expr | None:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == "action"), None)
    return named or (call.args[position] if len(call.args) > position else None)


def written_actions() -> tuple[set[str], set[str]]:
    """Every action that some call of audit's record() may write, followed through functions that pass `action` on;
    and the expressions that couldn't be followed.
    """
    modules = list(_modules())
    takers, found, lost = {"record": 1}, set(), set()
    for module in modules:  # functions that hand their own `action` to record()
        for function in (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)):
            positional = [argument.arg for argument in function.args.args]
            defaults = dict(zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True))
            if "action" not in positional + [argument.arg for argument in defaults]:
                continue
            passes = (call for call in ast.walk(function) if isinstance(call, ast.Call) and _name(call) == "record")
            if any(isinstance(_action_of(call, 1), ast.Name) for call in passes):
                takers[function.name] = positional.index("action") if "action" in positional else 99
                found |= {
                    value.value for argument, value in defaults.items()
                    if argument.arg == "action" and isinstance(value, ast.Constant)
                }  # fmt: skip
    for module in modules:
        for call in (node for node in ast.walk(module) if isinstance(node, ast.Call) and _name(node) in takers):
            action = _action_of(call, takers[_name(call)])
            if isinstance(action, ast.Constant) and isinstance(action.value, str):
                found.add(action.value)
            elif isinstance(action, ast.JoinedStr | ast.BinOp):
                lost.add(ast.unparse(action))
    return found, lost


def test_every_action_that_is_written_has_a_title() -> None:
    found, lost = written_actions()
    assert len(found) > 100
    assert lost == set(COMPOSED), "an action is put together: name what it may become"
    for parts in COMPOSED.values():
        found |= set(parts)
    assert {f"treatment.{status}" for status in CourseStatus.values} >= set(COMPOSED["f'treatment.{status.value}'"])
    assert found - kinds.titles().keys() == set(), "name them in the app's trail.py"


def test_titles_read_well_in_both_languages() -> None:
    for action, title in kinds.titles().items():
        with translation.override("zh-hans"):
            chinese = str(title)
        with translation.override("en"):
            english = str(title)
        assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese), action
        assert english.isascii() and "." not in english, action


@pytest.mark.django_db
def test_an_action_of_former_days_is_no_raw_code(cast) -> None:
    with translation.override("zh-hans"):
        assert kinds.title_of("record.of_former_days") == "处理了病历"
        assert kinds.reason_of("patient page") == "患者页面"
        assert kinds.reason_of("encounter E17") == "就诊 E17"
        assert kinds.reason_of("本人要求") == "本人要求"


@pytest.mark.django_db
def test_the_page_shows_no_code_for_any_action(cast) -> None:
    from tests.cast import actor_of_person, client_for

    actor, at = actor_of_person(cast.doctor_li), clock.now()
    for action in kinds.titles():
        record(actor, action, at=at, patient_id=cast.wang_fang.patient_id, reason="patient page")
    page = client_for(cast.wang_fang).get("/record-access/").content.decode()
    assert page.count(cast.doctor_li.name) == Entry.objects.filter(staff_id=cast.doctor_li.staff.pk).count()
    assert [action for action in kinds.titles() if action in page] == []
    assert "patient page" not in page
