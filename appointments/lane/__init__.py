"""The lane of the release minute: `POST /api/v1/bookings/` for a crowd, ahead of Django's handler (docs/decisions/0007).

At 07:00 a doctor's places are released and thousands ask at once. The lane takes all that came in while PostgreSQL was busy
with those before, and answers them by one transaction (services.bookings_hold_within). It answers the plain case alone and
hands everything else to Django as it came, so it never decides otherwise than the API does; it is only quicker.

    asked.py    which request is plain
    crowd.py    a crowd's answers: who they are, what they get
    answers.py  an answer in the API's words, with the headers that the middleware gives
    door.py     the ASGI door: crowds form here, and what isn't plain goes on to Django
"""

from .door import Lane

__all__ = ["Lane"]
