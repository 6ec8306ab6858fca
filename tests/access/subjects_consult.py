"""Online visits: the patient's side and the treating doctor, nobody else."""

from collections.abc import Sequence
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile

from consult import services
from consult.models import OnlineVisit, TalkPicture
from consult.services.applying import Shown
from hospital.kit import clock
from tests.access.subjects import Case, subject
from tests.cast import Cast
from tests.consult.stage import ANSWERS, Stage, build, jpeg

# The state in which each rule finds its visit.
_STATE = {
    "consult.visit": "applying", "consult.consent": "applying", "consult.time": "ready", "consult.cancel": "applying",
    "consult.api.consent": "applying", "consult.api.questions": "applying", "consult.api.answers": "agreed",
    "consult.api.book": "ready", "consult.api.cancel": "applying", "consult.talk": "waiting", "consult.messages": "talking", "consult.work": "waiting", "consult.act": "talking",
}  # fmt: skip


def _visit(stage: Stage, rule: str) -> OnlineVisit:
    stage.was_here()
    state = _STATE.get(rule, "talking")
    if state in ("waiting", "talking"):
        return stage.waiting() if state == "waiting" else stage.talking()
    visit = stage.apply()
    if state in ("agreed", "ready"):
        stage.consent(visit)
    if state == "ready":
        stage.answer(visit)
    return visit


class Again(SimpleUploadedFile):
    """A file that each visitor of the matrix can send."""

    def read(self, num_bytes: int | None = None) -> bytes:
        self.seek(0)
        return bytes(super().read(num_bytes))


@subject("online_visit")
def online_visit(cast: Cast, rule: str) -> Sequence[Case]:
    stage = build(cast)
    visit = _visit(stage, rule)
    data = {
        "consult.consent": {"version": 1},
        "consult.time": {"period": stage.periods()[0].pk},
        "consult.talk": {"text": "你好"},
        "consult.messages": {"text": "你好"},
        "consult.pictures": {"picture": Again("a.jpg", jpeg(), "image/jpeg")},
        "consult.act": {"action": "say", "text": "你好"},
        "consult.api.consent": {"version": 1},
        "consult.api.answers": {"revision": 0, "answers": ANSWERS},
        "consult.api.book": {"period_id": stage.periods()[0].pk},
        "consult.api.say": {"text": "你好", "key": "k"},
        "consult.api.end": {"code": "done"},
    }.get(rule)
    may = {"wang_fang", "doctor_li"}
    return [Case("own, and of its doctor", {"pk": visit.pk}, may, data=data, json=".api." in rule)]


@subject("online_doctor")
def online_doctor(cast: Cast, rule: str) -> Sequence[Case]:
    stage = build(cast)
    stage.was_here()
    mine = {"patient": cast.wang_fang.patient_id}
    # When a listed doctor is on line is for every patient to know; applying is for whom one acts for.
    may = {"wang_fang", "stranger", "unverified"} if rule == "consult.api.times" else {"wang_fang"}
    return [Case("a listed doctor", {"staff_id": cast.doctor_li.staff.pk}, may, data=mine, query=mine)]


@subject("online_evidence")
def online_evidence(cast: Cast, rule: str) -> Sequence[Case]:
    stage = build(cast)
    picture = BytesIO(jpeg())
    shown = Shown("discharge", "乳腺癌", "县医院", clock.today(), picture)
    visit = stage.waiting(shown=shown)
    evidence = visit.evidence.get()
    url = {"pk": visit.pk, "evidence_id": evidence.pk}
    return [Case("of one's own visit", url, {"doctor_li"})]


@subject("talk_picture")
def talk_picture(cast: Cast, rule: str) -> Sequence[Case]:
    stage = build(cast)
    visit = _visit(stage, rule)
    services.picture_post(actor=stage.patient, visit_id=visit.pk, upload=BytesIO(jpeg()), client_key="", at=clock.now())
    url = {"pk": visit.pk, "picture_id": TalkPicture.objects.get().pk}
    return [Case("of one's own talk", url, {"wang_fang", "doctor_li"})]
