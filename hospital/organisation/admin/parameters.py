"""Values of the declared policy parameters (rules G-1)."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from hospital.kit import parameters
from hospital.kit.admin import HistoryAdmin

from .. import policy
from ..errors import ParameterOverlaps, ParameterRefused
from ..forms import ParameterForm
from ..models import PolicyParameter


class CheckedParameterForm(ParameterForm):
    """Refuses what the policy refuses, on the field that is wrong."""

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or self.cleaned_data)
        if {"name", "value", "effective_from"} <= cleaned.keys():
            end = cleaned.get("effective_to")
            try:
                policy.check_parameter(cleaned["name"], cleaned["value"], cleaned["effective_from"], end)
            except ParameterRefused as problem:
                raise ValidationError(
                    {name: str(text) for name, text in problem.fields.items()} or {"name": problem.reason}
                ) from problem
            self._refuse_overlap(cleaned)
        return cleaned

    def _refuse_overlap(self, cleaned: dict[str, Any]) -> None:
        """The database refuses two values at one instant; here the administrator reads which other one it is."""
        start, end, campus = cleaned["effective_from"], cleaned.get("effective_to"), cleaned.get("campus")
        others = PolicyParameter.objects.filter(
            Q(effective_to=None) | Q(effective_to__gt=start), name=cleaned["name"], campus=campus
        ).exclude(pk=self.instance.pk)
        if end is not None:
            others = others.filter(effective_from__lt=end)
        other = others.first()
        if other is not None:
            raise ValidationError(
                {"effective_from": f"{ParameterOverlaps.title} ({other.effective_from:%F}): {other.value}"}
            )


@admin.register(PolicyParameter)
class PolicyParameterAdmin(HistoryAdmin):
    form = CheckedParameterForm
    list_display = ("name", "title", "value", "campus", "source", "effective_from", "effective_to")
    list_filter = ("campus",)
    list_select_related = ("campus",)
    search_fields = ("name", "source")
    date_hierarchy = "effective_from"

    @admin.display(description=_("title"))
    def title(self, row: PolicyParameter) -> str:
        declared = parameters.declared().get(row.name)
        return str(declared.title) if declared else _("not read by any rule any more")
