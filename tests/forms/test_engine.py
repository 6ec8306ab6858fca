"""The engine against FHIR's own words: what is asked, what is allowed, what is counted."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospital.forms.engine import enabling, scoring, validation
from hospital.forms.engine.definition import Definition, DefinitionErrors, EnableWhen
from hospital.forms.engine.expressions import Expression, ExpressionError
from hospital.forms.engine.tree import gather, grow, walk
from tests.forms.questionnaires import answer, calculated, chosen, coding, definition, item, questionnaire


def faults(made: Definition, *answers: dict, strict: bool = True) -> dict[str, str]:
    return {f.link_id: f.text for f in validation.check(made, list(answers), strict=strict).faults}


def asked(made: Definition, *answers: dict) -> set[str]:
    roots = grow(made, list(answers))
    scoring.settle(made, roots)
    return {node.item.link_id for node in walk(roots) if node.enabled}


# --- enableWhen ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "wanted", "given_answers", "holds"),
    [
        ("exists", {"answerBoolean": True}, [], False),
        ("exists", {"answerBoolean": True}, [{"valueInteger": 1}], True),
        ("exists", {"answerBoolean": False}, [], True),
        ("exists", {"answerBoolean": False}, [{"valueInteger": 1}], False),
        ("=", {"answerInteger": 3}, [{"valueInteger": 3}], True),
        ("=", {"answerInteger": 3}, [{"valueInteger": 2}, {"valueInteger": 3}], True),
        ("=", {"answerInteger": 3}, [], False),
        ("!=", {"answerInteger": 3}, [{"valueInteger": 2}], True),
        ("!=", {"answerInteger": 3}, [{"valueInteger": 2}, {"valueInteger": 3}], False),
        ("!=", {"answerInteger": 3}, [], True),
        (">", {"answerDecimal": 37.5}, [{"valueDecimal": 37.6}], True),
        (">", {"answerDecimal": 37.5}, [{"valueInteger": 38}], True),
        (">", {"answerDecimal": 37.5}, [{"valueDecimal": 37.5}], False),
        (">=", {"answerDecimal": 37.5}, [{"valueDecimal": 37.5}], True),
        ("<", {"answerDate": "2026-01-01"}, [{"valueDate": "2025-12-31"}], True),
        ("<=", {"answerDate": "2026-01-01"}, [{"valueDate": "2026-01-02"}], False),
        ("<", {"answerTime": "09:00:00"}, [{"valueTime": "08:59:59"}], True),
        (">", {"answerDateTime": "2026-01-01T00:00:00+00:00"}, [{"valueDateTime": "2026-01-01T08:00:01+08:00"}], True),
        ("=", {"answerBoolean": True}, [{"valueBoolean": True}], True),
        ("=", {"answerBoolean": True}, [{"valueInteger": 1}], False),
        ("=", {"answerCoding": {"system": "urn:test", "code": "a"}}, [chosen("a")], True),
        ("=", {"answerCoding": {"system": "urn:other", "code": "a"}}, [chosen("a")], False),
        ("=", {"answerCoding": {"code": "a"}}, [chosen("a")], True),
        (">", {"answerQuantity": {"value": 5, "code": "kg"}}, [{"valueQuantity": {"value": 6, "code": "kg"}}], True),
        (">", {"answerQuantity": {"value": 5, "code": "kg"}}, [{"valueQuantity": {"value": 6, "code": "g"}}], False),
        ("=", {"answerString": "x"}, [{"valueString": "x"}], True),
    ],
)  # fmt: skip
def test_each_operator_of_enable_when(operator: str, wanted: dict, given_answers: list, holds: bool) -> None:
    ((key, value),) = wanted.items()
    condition = EnableWhen("q", operator, "value" + key.removeprefix("answer"), value)
    assert enabling.matches(condition, given_answers) is holds


def test_all_and_any_of_several_conditions() -> None:
    conditions = [
        {"question": "a", "operator": "=", "answerBoolean": True},
        {"question": "b", "operator": "=", "answerBoolean": True},
    ]
    a, b = item("a", "boolean"), item("b", "boolean")
    both = definition(a, b, item("c", "string", enableWhen=conditions, enableBehavior="all"))
    either = definition(a, b, item("c", "string", enableWhen=conditions, enableBehavior="any"))
    yes_a = answer("a", {"valueBoolean": True})
    assert "c" not in asked(both, yes_a)
    assert "c" in asked(either, yes_a)
    assert "c" in asked(both, yes_a, answer("b", {"valueBoolean": True}))


def test_a_question_that_is_not_asked_counts_as_not_answered() -> None:
    made = definition(
        item("a", "boolean"),
        item("b", "boolean", enableWhen=[{"question": "a", "operator": "=", "answerBoolean": True}]),
        item("c", "string", enableWhen=[{"question": "b", "operator": "=", "answerBoolean": True}]),
    )
    hidden = [answer("a", {"valueBoolean": False}), answer("b", {"valueBoolean": True})]
    assert asked(made, *hidden) == {"a"}
    assert validation.pruned(made, [*hidden, answer("c", {"valueString": "x"})]) == [
        {"linkId": "a", "text": "text of a", "answer": [{"valueBoolean": False}]}
    ]


def test_in_a_repeating_group_a_condition_speaks_of_the_same_instance() -> None:
    made = definition(
        {
            "linkId": "g", "type": "group", "text": "drug", "repeats": True,
            "item": [
                item("old", "boolean"),
                item("why", "string", enableWhen=[{"question": "old", "operator": "=", "answerBoolean": True}]),
            ],
        }
    )  # fmt: skip
    answers = [
        {"linkId": "g", "item": [answer("old", {"valueBoolean": True}), answer("why", {"valueString": "x"})]},
        {"linkId": "g", "item": [answer("old", {"valueBoolean": False}), answer("why", {"valueString": "y"})]},
    ]
    roots = grow(made, answers)
    scoring.settle(made, roots)
    assert [node.enabled for node in walk(roots) if node.item.link_id == "why"] == [True, False]
    assert [node.name for node in walk(roots) if node.item.link_id == "why"] == ["i1-0.i3", "i1-1.i3"]
    assert set(faults(made, *answers)) == {"why"}


# --- definitions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ([item("a", "string"), item("a", "string")], "two items"),
        ([item("a", "reference")], "isn't supported"),
        ([item("a", "choice")], "needs options"),
        ([{"linkId": "a", "type": "string"}], "needs a text"),
        ([item("a", "string", enableWhen=[{"question": "z", "operator": "=", "answerString": "x"}])], "no question here"),
        ([item("a", "string", enableWhen=[{"question": "a", "operator": "exists", "answerBoolean": True}])], "itself"),
        ([item("a", "string", enableWhen=[{"question": "a", "operator": "~", "answerString": "x"}])], "known operator"),
        ([item("a", "integer", extension=calculated('sum("z")'))], "isn't in this questionnaire"),
        ([item("a", "integer", extension=calculated("__import__('os')"))], "score language"),
        ([item("a", "choice", answerOption=[coding("x"), coding("x")])], "same code"),
        ([item("a", "choice", answerValueSet="http://elsewhere/ValueSet/x")], "catalogues"),
        ([item("a", "string", extension=[{"url": "http://hl7.org/fhir/StructureDefinition/regex", "valueString": "(a+)+"}])], "regular"),
        ([], "no question"),
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused(broken: list, says: str) -> None:
    with pytest.raises(DefinitionErrors) as refused:
        Definition.read(questionnaire(*broken))
    assert says in str(refused.value)


def test_calculated_items_may_not_wait_for_each_other() -> None:
    with pytest.raises(DefinitionErrors):
        definition(
            item("a", "integer", extension=calculated('sum("b")')),
            item("b", "integer", extension=calculated('sum("a")')),
        )


def test_a_score_and_what_is_asked_may_not_wait_for_each_other() -> None:
    group = {
        "linkId": "g", "type": "group", "text": "g",
        "item": [item("q", "integer", enableWhen=[{"question": "s", "operator": ">", "answerInteger": 3}])],
    }  # fmt: skip
    with pytest.raises(DefinitionErrors):
        definition(group, item("s", "integer", extension=calculated('sum("g")')))


# --- validation ------------------------------------------------------------------------------------------------


def test_answers_outside_the_questionnaire_are_refused() -> None:
    made = definition(item("a", "string"))
    assert set(faults(made, answer("z", {"valueString": "x"}))) == {"z"}
    assert set(faults(made, {"linkId": "a", "item": [answer("b", {"valueString": "x"})]})) == {"a"}
    assert set(faults(made, answer("a", {"valueString": "x"}), answer("a", {"valueString": "y"}))) == {"a"}
    assert faults(made, {"linkId": "a", "answer": [{"valueString": "x", "valueInteger": 1}]})
    assert validation.check(made, "nonsense", strict=False).faults
    assert validation.check(made, [answer("a", {"valueString": "\x00"})], strict=False).faults


@pytest.mark.parametrize(
    ("kind", "columns", "value", "good"),
    [
        ("integer", {}, {"valueInteger": 3}, True),
        ("integer", {}, {"valueInteger": True}, False),
        ("integer", {}, {"valueString": "3"}, False),
        ("integer", {}, {"valueInteger": 3_000_000_000}, False),
        ("decimal", {}, {"valueDecimal": 3.5}, True),
        ("decimal", {}, {"valueDecimal": float("inf")}, False),
        ("boolean", {}, {"valueBoolean": False}, True),
        ("boolean", {}, {"valueBoolean": 0}, False),
        ("date", {}, {"valueDate": "2026-02-29"}, False),
        ("date", {}, {"valueDate": "2028-02-29"}, True),
        ("date", {}, {"valueDate": "2026"}, True),
        ("dateTime", {}, {"valueDateTime": "2026-01-01T10:00:00+08:00"}, True),
        ("dateTime", {}, {"valueDateTime": "2026-01-01T10:00:00"}, False),
        ("time", {}, {"valueTime": "24:00:00"}, False),
        ("time", {}, {"valueTime": "14:30:00"}, True),
        ("url", {}, {"valueUri": "javascript:alert(1)"}, False),
        ("url", {}, {"valueUri": "https://a.cn/x"}, True),
        ("string", {"maxLength": 3}, {"valueString": "四个汉字"}, False),
        ("string", {"maxLength": 3}, {"valueString": "三个字"}, True),
        ("string", {}, {"valueString": "  "}, False),
        ("choice", {"answerOption": [coding("a")]}, chosen("b"), False),
        ("choice", {"answerOption": [coding("a")]}, {"valueString": "free"}, False),
        ("open-choice", {"answerOption": [coding("a")]}, {"valueString": "free"}, True),
        ("choice", {"answerOption": [{"valueInteger": 1}]}, {"valueInteger": 1}, True),
        ("choice", {"answerOption": [{"valueInteger": 1}]}, {"valueInteger": True}, False),
    ],
)  # fmt: skip
def test_each_type_takes_its_own_values_only(kind: str, columns: dict, value: dict, good: bool) -> None:
    made = definition(item("a", kind, **columns))
    assert (not faults(made, answer("a", value))) is good


def test_limits_units_repeats_and_exclusive_choices() -> None:
    core = "http://hl7.org/fhir/StructureDefinition/"
    made = definition(
        item("n", "integer", extension=[{"url": core + "minValue", "valueInteger": 0}, {"url": core + "maxValue", "valueInteger": 10}]),
        item("w", "quantity", extension=[{"url": core + "questionnaire-unit", "valueCoding": {"code": "kg", "display": "公斤"}}]),
        item("many", "choice", repeats=True, answerOption=[coding("none", exclusive=True), coding("a"), coding("b")]),
        item("one", "choice", answerOption=[coding("a"), coding("b")]),
    )  # fmt: skip
    assert "n" in faults(made, answer("n", {"valueInteger": 11}))
    assert "w" in faults(made, answer("w", {"valueQuantity": {"value": 60, "unit": "磅"}}))
    assert not faults(made, answer("w", {"valueQuantity": {"value": 60, "unit": "公斤"}}))
    assert not faults(made, answer("many", chosen("a"), chosen("b")))
    assert "many" in faults(made, answer("many", chosen("none"), chosen("b")))
    assert "many" in faults(made, answer("many", chosen("a"), chosen("a")))
    assert "one" in faults(made, answer("one", chosen("a"), chosen("b")))


def test_required_is_asked_only_of_questions_that_are_asked_and_not_of_drafts() -> None:
    made = definition(
        item("a", "boolean", required=True),
        item("b", "string", required=True, enableWhen=[{"question": "a", "operator": "=", "answerBoolean": True}]),
    )
    assert set(faults(made)) == {"a"}
    assert not faults(made, strict=False)
    assert not faults(made, answer("a", {"valueBoolean": False}))
    assert set(faults(made, answer("a", {"valueBoolean": True}))) == {"b"}


def test_displays_come_from_the_questionnaire_not_from_the_writer() -> None:
    made = definition(item("a", "choice", answerOption=[coding("x", "真的名字")]))
    lie = {"valueCoding": {"system": "urn:test", "code": "x", "display": "假的名字"}}
    assert validation.check(made, [answer("a", lie)], strict=True).answers[0]["answer"] == [chosen("x", "真的名字")]


def test_a_read_only_answer_stays_what_it_was() -> None:
    made = definition(item("a", "string", readOnly=True, initial=[{"valueString": "given"}]))
    assert not faults(made, answer("a", {"valueString": "given"}))
    assert set(faults(made, answer("a", {"valueString": "mine"}))) == {"a"}


# --- scores ----------------------------------------------------------------------------------------------------


def test_scores_of_a_group_wait_until_all_is_answered() -> None:
    options = [coding("0", ordinal=0), coding("1", ordinal=1), coding("3", ordinal=3)]
    group = {
        "linkId": "g", "type": "group", "text": "g",
        "item": [item("a", "choice", answerOption=options), item("b", "choice", answerOption=options)],
    }  # fmt: skip
    made = definition(
        group,
        item("all", "integer", extension=calculated('sum("g")')),
        item("some", "decimal", extension=calculated('mean("g", at_least=1)')),
        item("worst", "integer", extension=calculated('most("g")')),
        item("t", "decimal", extension=calculated('table("T", sum("g"))')),
        extension=[
            {
                "url": "urn:internet-hospital:questionnaire:score-table",
                "extension": [
                    {"url": "name", "valueString": "T"},
                    {"url": "row", "extension": [{"url": "raw", "valueDecimal": 4}, {"url": "score", "valueDecimal": 55.5}]},
                ],
            }
        ],
    )  # fmt: skip
    half = validation.check(made, [{"linkId": "g", "item": [answer("a", chosen("3"))]}], strict=False)
    assert half.scores == {"some": 3, "worst": 3}
    full = [{"linkId": "g", "item": [answer("a", chosen("3")), answer("b", chosen("1"))]}]
    checked = validation.check(made, full, strict=True)
    assert checked.scores == {"all": 4, "some": 2, "worst": 3, "t": 55.5}
    assert {"linkId": "all", "text": "text of all", "answer": [{"valueInteger": 4}]} in checked.answers


def test_a_score_is_never_taken_from_the_writer() -> None:
    made = definition(item("a", "integer"), item("s", "integer", extension=calculated('sum("a")')))
    checked = validation.check(made, [answer("a", {"valueInteger": 2}), answer("s", {"valueInteger": 99})], strict=True)
    assert checked.scores == {"s": 2} and not checked.faults


def test_alarms_name_the_question_and_the_answer() -> None:
    band = {
        "url": "urn:internet-hospital:questionnaire:band",
        "extension": [
            {"url": "low", "valueDecimal": 7},
            {"url": "text", "valueString": "重度"},
            {"url": "urn:internet-hospital:questionnaire:alarm", "valueCode": "urgent"},
        ],
    }
    made = definition(
        item("a", "choice", answerOption=[coding("bad", "不好", alarm="watch"), coding("good")]),
        item("n", "integer", extension=[band]),
    )
    checked = validation.check(made, [answer("a", chosen("bad")), answer("n", {"valueInteger": 8})], strict=True)
    assert [(a.link_id, a.answer, a.level) for a in checked.alarms] == [
        ("a", "不好", "watch"),
        ("n", "8 重度", "urgent"),
    ]
    calm = validation.check(made, [answer("a", chosen("good")), answer("n", {"valueInteger": 6})], strict=True)
    assert calm.alarms == []


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.b", "sum(a)", 'open("/etc/passwd")', '"a"', "1 if 2 else 3", "[1]", "lambda: 1", "2 ** 99",
     'sum("a", key=1)', "True", 'sum("a").__class__', "(" * 500 + "1" + ")" * 500, 'mean("a", at_least="b")'],
)  # fmt: skip
def test_the_score_language_is_no_python(text: str) -> None:
    with pytest.raises(ExpressionError):
        Expression.read(text)


numbers = st.integers(min_value=-50, max_value=50)


@given(st.lists(st.one_of(st.none(), numbers), min_size=1, max_size=6), numbers)
def test_the_score_language_counts_like_arithmetic(values: list, divisor: int) -> None:
    links = {f"q{n}": None if v is None else Decimal(v) for n, v in enumerate(values)}
    names = ", ".join(f'"{name}"' for name in links)
    known = [v for v in values if v is not None]

    def value(text: str) -> Decimal | None:
        return Expression.read(text).value(lambda link: [links[link]], {})

    assert value(f"sum({names})") == (sum(known) if len(known) == len(values) else None)
    assert value(f"count({names})") == len(known)
    assert value(f"sum_answered({names})") == (sum(known) if known else None)
    assert value(f"most({names})") == (max(known) if known else None)
    expected = None if divisor == 0 or len(known) != len(values) else Decimal(sum(known)) / divisor
    assert value(f"sum({names}) / {divisor}".replace("/ -", "/ (0 - 1) / ")) == expected or divisor < 0


# --- round trips -----------------------------------------------------------------------------------------------

OPTIONS = [coding("a", ordinal=1), coding("b", ordinal=2), coding("c", ordinal=5)]
ROUND = definition(
    item("yes", "boolean"),
    item("pick", "choice", answerOption=OPTIONS, enableWhen=[{"question": "yes", "operator": "=", "answerBoolean": True}]),
    item("n", "integer", enableWhen=[{"question": "pick", "operator": "!=", "answerCoding": {"system": "urn:test", "code": "a"}},
                                     {"question": "yes", "operator": "exists", "answerBoolean": True}], enableBehavior="all"),
    {"linkId": "g", "type": "group", "text": "g", "repeats": True,
     "item": [item("t", "text"), item("many", "open-choice", repeats=True, answerOption=OPTIONS)]},
    item("total", "integer", extension=calculated('sum_answered("pick", "n")')),
)  # fmt: skip
texts = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)
choice = st.sampled_from([chosen("a"), chosen("b"), chosen("c")])
instance = st.fixed_dictionaries(
    {},
    optional={
        "t": texts.map(lambda t: [{"valueString": t}]),
        "many": st.lists(choice, unique_by=str, min_size=1, max_size=3),
    },
).filter(bool)


@st.composite
def responses(draw: st.DrawFn) -> list[dict]:
    answers = []
    if draw(st.booleans()):
        answers.append(answer("yes", {"valueBoolean": draw(st.booleans())}))
    if draw(st.booleans()):
        answers.append(answer("pick", draw(choice)))
    if draw(st.booleans()):
        answers.append(answer("n", {"valueInteger": draw(numbers)}))
    for values in draw(st.lists(instance, max_size=3)):
        answers.append({"linkId": "g", "item": [answer(link, *given) for link, given in values.items()]})
    return answers


@given(responses())
def test_pruned_answers_can_be_handed_in_and_stay_the_same(answers: list) -> None:
    pruned = validation.pruned(ROUND, answers)
    checked = validation.check(ROUND, pruned, strict=True)
    assert checked.faults == []
    assert checked.answers == pruned
    assert validation.check(ROUND, checked.answers, strict=True).answers == checked.answers
    assert validation.pruned(ROUND, checked.answers) == checked.answers


@given(responses())
def test_strict_refuses_exactly_what_pruning_takes_away(answers: list) -> None:
    draft = validation.check(ROUND, answers, strict=False)
    assert draft.faults == []
    everything = gather(draft.roots, only_enabled=False)
    visible = gather(draft.roots, only_enabled=True)
    assert bool(validation.check(ROUND, answers, strict=True).faults) is (everything != visible)
