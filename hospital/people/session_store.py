"""Django's sessions in the database, read by a query that is built once: every request of a signed-in person asks it."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from hospital.kit.kept import Given, Kept

_LIVE = Kept(lambda: Session.objects.filter(session_key=Given("key"), expire_date__gt=Given("now")))


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and no key any more, when it ended."""
        row = _LIVE.first(key=self.session_key, now=timezone.now())
        if row is None:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(row.session_data)
        return found
