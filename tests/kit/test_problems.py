"""A refusal says what happened and what to do next, alike on a page and to a program (G-2)."""

from typing import ClassVar

from django import forms

from hospital.kit.problems import NotFound, Problem, add_to_form


class Few(Problem):
    code = "G-2-few"
    status = 409
    title: ClassVar[str] = "Only %(left)d left"
    next_step: ClassVar[str] = "Take fewer."


class Basket(forms.Form):
    count = forms.IntegerField()


def test_a_program_gets_code_reason_and_next_step() -> None:
    assert Few(left=3, fields={"count": "too many"}).as_dict() == {
        "type": "about:blank#G-2-few", "code": "G-2-few", "title": "Only 3 left", "status": 409,
        "next_step": "Take fewer.", "errors": {"count": "too many"},
    }  # fmt: skip
    assert "errors" not in NotFound().as_dict()


def test_a_percent_sign_without_context_is_text() -> None:
    class Percent(Problem):
        title = "100% full"

    assert Percent().reason == "100% full"


def test_a_form_shows_it_at_its_field_and_keeps_what_was_typed() -> None:
    form = Basket({"count": "9"})
    assert form.is_valid()
    add_to_form(form, Few(left=3, fields={"count": "too many", "elsewhere": "and this"}))
    assert form.errors == {"count": ["too many"], "__all__": ["and this"]}
    assert form["count"].value() == "9"


def test_a_form_shows_a_problem_of_no_field_with_its_next_step() -> None:
    form = Basket({"count": "9"})
    add_to_form(form, Few(left=3))
    assert form.non_field_errors() == ["Only 3 left Take fewer."]
