"""G11: of many editors of one note each acknowledged save is kept or answered; none is lost in silence."""

from functools import partial
from typing import Any

import pytest

from emr import services
from emr.models import Note
from emr.services import DiagnosisSpec
from hospital.kit import clock
from hospital.kit.transactions import entry
from tests.cast import Cast
from tests.emr.conftest import C50, Clinic, furnish, open_visit
from tests.races.crowd import crowd

pytestmark = pytest.mark.django_db(transaction=True)

EDITORS = 50


def _careless(note_id: int, editor: int) -> int:
    """The control: read, change, write, as an editor without revisions does."""
    note = Note.objects.get(pk=note_id)
    note.draft = {**note.draft, "marks": [*note.draft.get("marks", []), editor]}
    note.save(update_fields=["draft"])
    return editor


def _careful(clinic: Clinic, note_id: int, revision: int, editor: int) -> int:
    entry(services.note_save)(
        actor=clinic.li, note_id=note_id, fields={"plan": f"editor {editor}"}, diagnoses=[DiagnosisSpec(C50, "main")],
        revision=revision, at=clock.now(),
    )  # fmt: skip
    return editor


@pytest.fixture
def clinic(cast: Cast) -> Clinic:
    furnish(cast)
    return Clinic(cast, open_visit(cast))


def test_the_control_loses_acknowledged_edits(clinic: Clinic) -> None:
    note = clinic.note
    outcome = crowd([partial(_careless, note.pk, editor) for editor in range(EDITORS)])
    assert not outcome.errors and len(outcome.values) == EDITORS
    kept = Note.objects.get(pk=note.pk).draft["marks"]
    assert len(kept) < EDITORS, "the race isn't real on this machine: the control lost nothing"


def test_one_of_fifty_editors_wins_each_round_and_the_others_are_told_G11(clinic: Clinic) -> None:
    note: Any = clinic.note
    for _round in range(5):
        before = note.revision
        outcome = crowd([partial(_careful, clinic, note.pk, before, editor) for editor in range(EDITORS)])
        note = Note.objects.get(pk=note.pk)
        assert not outcome.errors
        assert len(outcome.values) == 1 and outcome.refusals == {"note-conflict": EDITORS - 1}
        assert note.revision == before + 1
        assert note.draft["fields"]["plan"] == f"editor {outcome.values[0]}"


def test_sixty_signatures_at_once_make_one_chain_G10(clinic: Clinic) -> None:
    from emr import verification
    from emr.models import SignedVersion

    visits = [Clinic(clinic.cast, open_visit(clinic.cast)) for _number in range(12)]
    clinic.none_known()
    ready = [(visit, visit.save().revision) for visit in visits]

    def sign(visit: Clinic, revision: int) -> int:
        link = entry(services.note_sign)(
            actor=visit.li, note_id=visit.note.pk, revision=revision, at=clock.now()
        )  # fmt: skip
        return int(link.sequence)

    # each visit is signed by five tabs at once: one signature each, and one unbroken chain of all
    outcome = crowd([partial(sign, visit, revision) for visit, revision in ready for _tab in range(5)])
    assert not outcome.errors
    assert sorted(outcome.values) == list(range(1, len(visits) + 1))
    assert SignedVersion.objects.count() == len(visits)
    assert list(verification.faults()) == []
