"""The answers of a crowd: who they are, what each gets, all in one transaction of the database."""

import logging
from collections.abc import Mapping, Sequence

from django.db import Error, IntegrityError, InterfaceError, OperationalError, close_old_connections, connection

from appointments import errors, services
from appointments.api import plain
from appointments.models import Booking, Channel
from appointments.services import HoldAsked, Undone
from hospital.audit.replies import Acted, Once, Reply, replies_once
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.problems import Busy, Problem
from hospital.organisation.crowd_actors import actors_of_crowd, sessions_save

from . import answers
from .answers import Answer
from .asked import Asked

log = logging.getLogger(__name__)

# What the lane refuses by itself: the refusals of the release minute. All others are Django's to tell, after it asked again.
_REFUSES = (errors.PeriodFull, errors.NotReleased)

Outcome = Answer | Undone


def answered_in_turn(crowd: Sequence[Asked]) -> list[Outcome]:
    """`answered` in the thread whose connection to the database it is: one that broke is closed, and the next crowd opens another.

    Where the database is away nobody is told a yes that it may not have kept: the same key, asked again, gets the truth.
    """
    try:
        close_old_connections()
        return answered(crowd)
    except (OperationalError, InterfaceError):
        log.exception("the database is away")
        connection.close()
        return [answers.away(one) for one in crowd]
    except Error:
        log.exception("a crowd of %d asks one by one", len(crowd))
        connection.close()
        return [Undone.ALONE] * len(crowd)


def answered(crowd: Sequence[Asked]) -> list[Outcome]:
    """An answer for each, of which none is there before all of it is committed; or Undone, when nothing was done for one."""
    try:
        return _answered(crowd)
    except (services.Redo, IntegrityError, Busy) as error:
        log.warning("a crowd of %d asks one by one: %s", len(crowd), type(error).__name__)
        return [Undone.ALONE] * len(crowd)


def _answered(crowd: Sequence[Asked]) -> list[Outcome]:
    at = clock.now()
    actors = actors_of_crowd([one.request for one in crowd], at=at)
    found: list[Outcome] = [Undone.ALONE] * len(crowd)
    turns, once, holds = list[int](), list[Once](), list[HoldAsked]()
    for turn, (one, actor) in enumerate(zip(crowd, actors, strict=True)):
        if isinstance(actor, Actor):
            turns.append(turn)
            once.append(Once(actor, one.key, one.body))
            holds.append(HoldAsked(actor, one.patient_id, one.period_id))
    if not turns:
        return found

    def act(new: Sequence[int]) -> Mapping[int, Acted]:
        held = services.bookings_hold_within(asked=[holds[number] for number in new], channel=Channel.API, at=at)
        acted: dict[int, Acted] = {}
        for number, made in zip(new, held, strict=True):
            if isinstance(made, Booking):
                acted[number] = 201, plain.booking(made)
            elif isinstance(made, _REFUSES):
                acted[number] = made
            elif made is Undone.LATER:
                found[turns[number]] = made
        return acted

    replies = replies_once(asked=once, route="bookings.create", at=at, act=act)
    told = [(turns[number], reply) for number, reply in enumerate(replies) if reply is not None]
    sessions_save([crowd[turn].request for turn, _ in told])
    for turn, reply in told:
        found[turn] = _answer(crowd[turn], reply)
    return found


def _answer(one: Asked, reply: Reply | Problem) -> Answer:
    return answers.held(one, reply) if isinstance(reply, Reply) else answers.refused(one, reply)
