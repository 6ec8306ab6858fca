"""Pictures in the talk: by both sides, without a script, once, inert, for nobody else (C2, G16)."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from consult import services
from consult.models import TalkMessage, TalkPicture
from hospital.audit.models import Entry
from tests.cast import client_for
from tests.consult.stage import Stage, jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path) -> Any:
    with override_settings(MEDIA_ROOT=tmp_path):
        yield


def _files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def _upload(name: str = "a.jpg", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg() if content is None else content, "text/html")


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_both_sides_send_pictures_without_a_script(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    patient, doctor = client_for(stage.cast.wang_fang), client_for(stage.cast.doctor_li)
    url = f"/talk/{visit.pk}/pictures/"
    assert patient.post(url, {"picture": _upload()})["Location"] == f"/consult/{visit.pk}/talk/#end"
    assert doctor.post(url, {"picture": _upload()})["Location"] == f"/staff/consult/{visit.pk}/#end"
    first, second = TalkPicture.objects.order_by("pk")
    for client, place in ((patient, f"/consult/{visit.pk}/talk/"), (doctor, f"/staff/consult/{visit.pk}/")):
        page = text_of(client.get(place))
        assert f"{url}{first.pk}/" in page and f"{url}{second.pk}/" in page
        shown = client.get(f"{url}{first.pk}/")
        assert shown["Content-Type"] == "image/jpeg" and shown["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in shown["Content-Security-Policy"] and "no-store" in shown["Cache-Control"]
        assert b"".join(shown.streaming_content).startswith(b"\xff\xd8\xff")  # type: ignore[attr-defined]
    assert Entry.objects.filter(action="consult.picture", patient_id=visit.patient_id).count() == 2
    news = patient.get(f"/talk/{visit.pk}/messages/", {"after": visit.last_seq}).json()
    assert f"{url}{second.pk}/" in news["html"]


def test_nobody_else_sees_them_and_no_other_visit_shows_them(stage: Stage) -> None:
    stage.was_here()
    stage.was_here(stage.cast.stranger)
    visit, other = stage.talking(), stage.talking(stage.cast.stranger, 1)
    services.picture_post(actor=stage.patient, visit_id=visit.pk, upload=BytesIO(jpeg()), client_key="", at=stage.at)
    picture = TalkPicture.objects.get()
    stranger = client_for(stage.cast.stranger)
    assert stranger.get(f"/talk/{visit.pk}/pictures/{picture.pk}/").status_code == 404
    assert stranger.get(f"/talk/{other.pk}/pictures/{picture.pk}/").status_code == 404
    assert stranger.post(f"/talk/{visit.pk}/pictures/", {"picture": _upload()}).status_code == 404
    assert client_for(stage.cast.nurse).get(f"/talk/{visit.pk}/pictures/{picture.pk}/").status_code == 404
    assert len(_files()) == 1


@pytest.mark.parametrize("name", ["../../../etc/passwd.jpg", "a\x00.php.jpg", "\u202egpj.exe", "a.html", "x" * 300])
def test_the_senders_name_is_not_used(stage: Stage, name: str) -> None:
    stage.was_here()
    visit = stage.talking()
    answer = client_for(stage.cast.wang_fang).post(f"/talk/{visit.pk}/pictures/", {"picture": _upload(name)})
    assert answer.status_code == 302
    (kept,) = _files()
    assert kept.is_relative_to(Path(settings.MEDIA_ROOT) / "consult" / "talk") and kept.suffix == ".jpg"
    assert len(kept.stem) == 40 and set(kept.stem) <= set("0123456789abcdef")


def test_what_is_refused_says_why_and_leaves_no_file(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    patient, url = client_for(stage.cast.wang_fang), f"/talk/{visit.pk}/pictures/"
    page = patient.post(url, {"picture": _upload("a.jpg", b"%PDF-1.7")})
    assert page.status_code == 422 and "JPEG" in text_of(page) and "data-talk=" in text_of(page)
    told = patient.post(url, {"picture": _upload("a.jpg", b"GIF89a")}, headers={"Accept": "application/json"})
    assert told.status_code == 422 and told.json()["code"] == "picture" and told.json()["next_step"]
    assert patient.post(url).status_code == 422
    stage.end(visit)
    assert patient.post(url, {"picture": _upload()}).status_code == 409
    assert not TalkPicture.objects.exists() and _files() == []


def test_the_same_picture_sent_again_is_the_same_line(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    patient = client_for(stage.cast.wang_fang)
    answers = [
        patient.post(
            f"/talk/{visit.pk}/pictures/", {"picture": _upload(), "key": "p-1"}, headers={"Accept": "application/json"}
        ).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1] and TalkMessage.objects.filter(kind="picture").count() == 1
    assert len(_files()) == 1
