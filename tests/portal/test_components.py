"""The component tags draw what they are told, and nothing unsafe."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from hospital.kit import clock
from hospital.portal.templatetags import face


def draw(source, **context):
    return Template(source).render(Context({"request": RequestFactory().get("/?q=a&page=2"), **context}))


class Sample(forms.Form):
    name = forms.CharField(label="姓名", help_text="与证件一致")
    kind = forms.ChoiceField(label="类型", choices=[("a", "甲")], widget=forms.RadioSelect)


def test_a_field_ties_label_hint_and_error_to_its_control():
    page = draw("{% form_fields form %}", form=Sample({}))
    assert 'for="id_name"' in page and 'id="id_name_helptext"' in page and 'id="id_name_error"' in page
    assert 'aria-describedby="id_name_helptext id_name_error"' in page and 'aria-invalid="true"' in page
    assert 'href="#id_name"' in page, "the summary leads to the field"
    assert "<legend" in page


def test_what_people_write_is_escaped():
    for source in ["{% cell text %}", "{% alert text %}", "{% status_tag text %}", "{% empty_state text %}"]:
        assert "<script" not in draw(source, text="<script>alert(1)</script>")


def test_a_trend_marks_what_is_out_of_range_by_shape_and_keeps_its_words():
    page = draw("{% trend points 'WBC' low=3.5 high=9.5 %}", points=[("1", 4.0), ("2", 3.0), ("3", 10.0)])
    assert page.count("trend__dot--out") == 2 and 'aria-label="WBC"' in page


@pytest.mark.parametrize("points", [[], [("1", 5.0)], [("1", 5.0), ("2", 5.0)]])
def test_a_trend_of_nothing_one_or_equal_values_is_drawn(points):
    assert "NaN" not in draw("{% trend points 'x' %}", points=points)


def test_a_pager_keeps_the_question():
    page = draw("{% pager page %}", page=Paginator(range(50), 10).page(2))
    assert "?q=a&amp;page=1" in page and "?q=a&amp;page=3" in page


def test_a_countdown_that_is_over_shows_zero():
    assert "00:00" in draw("{% countdown at %}", at=clock.now() - timedelta(minutes=1))


def test_days_are_those_of_shanghai(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: date(2026, 1, 1))
    at = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    with translation.override("zh-hans"):
        assert face.moment(at) == "11月23日 周一 00:30"
    with translation.override("en"):
        assert face.moment(at) == "23 Nov Mon 00:30"
