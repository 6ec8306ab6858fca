"""Bases of the house's admin pages: history on each, nothing deleted, every door known to the access rules.

@admin.register(Campus)
class CampusAdmin(HistoryAdmin): ...
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern
from simple_history.admin import SimpleHistoryAdmin

View = Callable[..., HttpResponseBase]


class HistoryAdmin(SimpleHistoryAdmin):
    """What administrators keep by hand: with its history, and never deleted, because records quote it for ever."""

    def door(self, view: View) -> View:
        """A view of this admin as a route: checked by the site, and found by the access middleware by `model_admin`,
        as it finds Django's own."""

        def wrapper(*args: Any, **kwargs: Any) -> HttpResponseBase:
            answer: HttpResponseBase = self.admin_site.admin_view(view)(*args, **kwargs)
            return answer

        wrapper.model_admin = self  # type: ignore[attr-defined]
        return update_wrapper(wrapper, view)

    def get_urls(self) -> list[URLPattern]:
        """simple_history adds doors that don't say whose they are; here they do."""
        urls: list[URLPattern] = super().get_urls()
        for url in urls:
            if not hasattr(url.callback, "model_admin"):
                url.callback.model_admin = self  # type: ignore[attr-defined]
        return urls

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
