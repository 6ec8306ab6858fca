"""G10: any change of a signed record is found, however it was made; nothing whole is accused."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from emr import chain, errors, services, verification
from emr.models import ChainHead, Prescription, SignedVersion
from hospital.kit import clock
from hospital.kit.transactions import entry
from tests.cast import client_for

from .conftest import Clinic, open_visit
from .test_notes import amend

pytestmark = pytest.mark.django_db

TRIGGERS = (
    "emr_signedversion", "emr_prescriptionreview", "emr_prescriptionline", "emr_dispensecheck", "audit_entry",
)  # fmt: skip


@pytest.fixture
def signed(clinic: Clinic, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any) -> Iterator[Clinic]:
    """Two notes, one of them amended, a released report, a reviewed prescription: eight links or so."""
    settings.VAR_DIR = tmp_path
    with django_capture_on_commit_callbacks(execute=True):
        clinic.sign()
        amend(clinic)
        clinic.release(clinic.file())
        prescription = clinic.prescribe()
        clinic.take(prescription)
        clinic.review(prescription)
        other = Clinic(clinic.cast, open_visit(clinic.cast, patient=clinic.cast.stranger))
        other.sign()
    yield clinic


class Undo(Exception):
    """Takes a mutation back."""


def found_after(*statements: str) -> list[verification.Fault]:
    """The faults after these statements of a superuser, who switches the triggers off; then all is put back."""
    found: list[verification.Fault] = []
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                for table in TRIGGERS:
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                for statement in statements:
                    cursor.execute(statement)
            found = list(verification.faults())
            raise Undo
    except Undo:
        return found


def column_changes(table: str, columns: list[tuple[str, str]], ids: list[int]) -> list[str]:
    """One UPDATE per column and row that makes the value another one."""
    made = []
    for name, kind in columns:
        value = {
            "text": f"\"{name}\" || 'x'", "integer": f'"{name}" + 1000', "time": f"\"{name}\" + interval '1 second'",
            "boolean": f'NOT "{name}"', "number": f'"{name}" + 1',
        }[kind]  # fmt: skip
        made += [f'UPDATE {table} SET "{name}" = {value} WHERE id = {pk}' for pk in ids]
    return made


def test_all_that_is_whole_verifies(signed: Clinic) -> None:
    assert list(verification.faults()) == []
    assert SignedVersion.objects.count() == 6


def test_every_change_by_a_superuser_is_found_G10(signed: Clinic) -> None:
    links = list(SignedVersion.objects.order_by("sequence"))
    ids = [link.pk for link in links]
    text, integer, when, boolean, number = "text", "integer", "time", "boolean", "number"
    mutations = column_changes(
        "emr_signedversion",
        [("sequence", integer), ("document_id", integer), ("version", integer), ("content", text), ("digest", text),
         ("previous", text), ("seal", text), ("signed_at", when), ("reason", text), ("late", boolean)],
        ids,
    )  # fmt: skip
    mutations = [m.replace('"digest" || \'x\'', "md5(digest) || md5(digest)").replace(
        '"seal" || \'x\'', "md5(seal) || md5(seal)").replace('"previous" || \'x\'', "md5(previous) || md5(previous)")
        for m in mutations]  # fmt: skip
    mutations += [f"UPDATE emr_signedversion SET kind = 'other' WHERE id = {pk}" for pk in ids]
    mutations += [f"DELETE FROM emr_signedversion WHERE id = {pk}" for pk in ids]
    strangers = (signed.cast.stranger.patient_id, signed.cast.other_doctor.staff.pk)
    mutations += [
        f"UPDATE emr_signedversion SET patient_id = CASE WHEN patient_id = {strangers[0]} THEN "
        f"{signed.cast.wang_fang.patient_id} ELSE {strangers[0]} END WHERE id = {pk}"
        for pk in ids
    ]
    mutations += [f"UPDATE emr_signedversion SET signer_id = {strangers[1]} WHERE id = {pk}" for pk in ids]
    mutations += [f"UPDATE emr_signedversion SET encounter_id = NULL WHERE id = {pk} AND encounter_id IS NOT NULL"
                  for link in links if link.encounter_id for pk in [link.pk]]  # fmt: skip
    # the content is changed and its plain hash recomputed, as somebody would who knows the format but not the key
    mutations += [
        f"UPDATE emr_signedversion SET content = content || ' ', digest = encode(sha256(convert_to(content || ' ', "
        f"'UTF8')), 'hex') WHERE id = {pk}"
        for pk in ids
    ]
    mutations += [
        f"INSERT INTO emr_signedversion (sequence, kind, document_id, version, patient_id, encounter_id, content, digest,"
        f" previous, seal, signer_id, signed_at, reason, late) SELECT sequence + 100, kind, document_id, version + 50, "
        f"patient_id, encounter_id, content, digest, seal, md5(seal) || md5(seal), signer_id, signed_at, reason, late "
        f"FROM emr_signedversion WHERE id = {pk}"
        for pk in ids
    ]
    mutations += [
        f"UPDATE emr_signedversion a SET content = b.content, digest = b.digest FROM emr_signedversion b "
        f"WHERE (a.id, b.id) IN (({one}, {two}), ({two}, {one}))"
        for one in ids
        for two in ids
        if one < two
    ]
    for change in ("signed_at = signed_at - interval '1 day'", "reason = 'x', late = true", "content = left(content, 40)",
                   "content = overlay(content placing ' ' from 2)", "digest = md5(content) || md5(content)"):  # fmt: skip
        mutations += [f"UPDATE emr_signedversion SET {change} WHERE id = {pk}" for pk in ids]
    mutations += _mutations_of_what_people_read(text, integer, when, boolean, number)
    unseen = [mutation for mutation in mutations if not found_after(mutation)]
    assert not unseen, "\n".join(unseen)
    assert len(mutations) >= 200


def _mutations_of_what_people_read(text: str, integer: str, when: str, boolean: str, number: str) -> list[str]:
    def ids(table: str, where: str = "true") -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM {table} WHERE {where}")
            return [row[0] for row in cursor.fetchall()]

    live = ids("emr_diagnosis", "withdrawn_at IS NULL")
    made = column_changes("emr_diagnosis", [("code", text), ("display", text), ("suspected", boolean)], live)
    made += [f"DELETE FROM emr_diagnosis WHERE id = {pk}" for pk in live]
    made += [f"UPDATE emr_diagnosis SET withdrawn_at = now() WHERE id = {pk}" for pk in live]
    made += [f"UPDATE emr_note SET status = 'draft' WHERE id = {pk}" for pk in ids("emr_note")]
    encounters = ids("emr_encounter")
    made += column_changes("emr_encounter", [("number", text), ("started_at", when)], encounters)
    made += [f"UPDATE emr_encounter SET kind = 'T' WHERE id = {pk}" for pk in encounters]
    lines = ids("emr_prescriptionline")
    made += column_changes(
        "emr_prescriptionline",
        [("name", text), ("strength", text), ("dose", number), ("per_day", number), ("days", number),
         ("quantity", number), ("usage_note", text), ("route", text), ("position", number)],
        lines,
    )  # fmt: skip
    made = [mutation for mutation in made if '"position"' not in mutation]  # one line: its place among others is one
    made += [f"DELETE FROM emr_prescriptionline WHERE id = {pk}" for pk in lines]
    made += column_changes(
        "emr_prescription", [("number", text), ("long_reason", text), ("override_reason", text), ("valid_until", when)],
        ids("emr_prescription"),
    )  # fmt: skip
    reviews = ids("emr_prescriptionreview")
    made += column_changes("emr_prescriptionreview", [("comment", text), ("at", when)], reviews)
    made += [f"UPDATE emr_prescriptionreview SET outcome = 'return' WHERE id = {pk}" for pk in reviews]
    made += [f"DELETE FROM emr_prescriptionreview WHERE id = {pk}" for pk in reviews]
    observations = ids("emr_observation")
    made += column_changes(
        "emr_observation", [("code", text), ("name", text), ("value", text), ("unit", text), ("range_text", text),
                            ("range_low", number), ("range_high", number)], observations
    )  # fmt: skip
    made += [f"UPDATE emr_observation SET flag = 'N' WHERE id = {pk}" for pk in observations]
    made += [f"DELETE FROM emr_observation WHERE id = {pk}" for pk in observations]
    made += column_changes(
        "emr_report", [("title", text), ("findings", text), ("conclusion", text), ("comment", text),
                       ("released_at", when), ("observed_at", when)], ids("emr_report")
    )  # fmt: skip
    return made


def test_two_links_that_changed_places_are_found(signed: Clinic) -> None:
    assert found_after(
        "UPDATE emr_signedversion SET sequence = -1 WHERE sequence = 2",
        "UPDATE emr_signedversion SET sequence = 2 WHERE sequence = 3",
        "UPDATE emr_signedversion SET sequence = 3 WHERE sequence = -1",
    )


def cut(last: int, *, with_head: bool, with_audit: bool) -> list[str]:
    """The newest link is taken away, its document with it, and the traces that the attacker can reach."""
    link = SignedVersion.objects.get(sequence=last)
    before = SignedVersion.objects.get(sequence=last - 1)
    statements = [
        f"DELETE FROM emr_diagnosis WHERE encounter_id = {link.encounter_id}",
        f"DELETE FROM emr_problem WHERE encounter_id = {link.encounter_id}",
        f"DELETE FROM emr_note WHERE id = {link.document_id}",
        f"DELETE FROM emr_signedversion WHERE sequence = {last}",
    ]
    if with_head:
        statements.append(f"UPDATE emr_chainhead SET sequence = {last - 1}, seal = '{before.seal}'")
    if with_audit:
        statements.append("DELETE FROM audit_entry WHERE action = 'note.sign' AND id = (SELECT max(id) FROM audit_entry "
                          "WHERE action = 'note.sign')")  # fmt: skip
    return statements


def test_a_cut_tail_is_found_by_head_anchor_or_audit(signed: Clinic) -> None:
    assert {fault.what for fault in found_after(*cut(6, with_head=False, with_audit=True))} >= {"head", "anchor"}
    head = ChainHead.objects.get()
    older = SignedVersion.objects.get(sequence=5)
    proof = chain.proof_of(head.chain, 5, older.seal)  # as an older backup of the row would have it
    restored = [*cut(6, with_head=True, with_audit=True), f"UPDATE emr_chainhead SET proof = '{proof}'"]
    assert {fault.what for fault in found_after(*restored)} == {"anchor"}
    chain.anchor_path(head).unlink()
    kept_audit = [*cut(6, with_head=True, with_audit=False), f"UPDATE emr_chainhead SET proof = '{proof}'"]
    assert {fault.what for fault in found_after(*kept_audit)} == {"audit"}


def test_a_forged_anchor_and_a_lost_head_are_found(signed: Clinic) -> None:
    head = ChainHead.objects.get()
    with chain.anchor_path(head).open("a") as file:
        file.write(f"6 {'0' * 64} {'0' * 64}\n")
    assert {fault.what for fault in verification.faults()} == {"anchor"}
    chain.anchor_path(head).unlink()
    assert list(verification.faults()) == []
    assert chain.anchor_repair(at=clock.now()) == 1 and chain.anchor_repair(at=clock.now()) == 0
    assert found_after("DELETE FROM emr_chainhead")


def test_nobody_signs_on_top_of_a_forged_end(signed: Clinic) -> None:
    ChainHead.objects.update(seal="0" * 64)
    other = Clinic(signed.cast, open_visit(signed.cast))
    with pytest.raises(errors.ChainBroken):
        other.sign()


def test_without_the_key_a_whole_new_chain_is_found(signed: Clinic, settings: Any) -> None:
    settings.SIGNING_KEY = "another key"
    assert {fault.what for fault in verification.faults()} >= {"seal", "head"}


def test_the_command_says_so_and_fails(signed: Clinic) -> None:
    out = StringIO()
    call_command("verify_emr", json=True, stdout=out)
    assert json.loads(out.getvalue()) | {"seconds": 0} == {"ok": True, "signed": 6, "faults": [], "seconds": 0}
    Prescription.objects.update(long_reason="forged")
    with pytest.raises(SystemExit):
        call_command("verify_emr", stdout=StringIO())


def test_the_page_warns_of_a_changed_note_T11(signed: Clinic) -> None:
    page = client_for(signed.cast.doctor_li).get(f"/staff/encounters/{signed.encounter.pk}/")
    assert b"alert--danger" not in page.content
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE emr_signedversion DISABLE TRIGGER USER")
        cursor.execute("UPDATE emr_signedversion SET content = replace(content, '无胸痛', '有胸痛') WHERE version = 1")
        cursor.execute("ALTER TABLE emr_signedversion ENABLE TRIGGER USER")
    page = client_for(signed.cast.doctor_li).get(f"/staff/encounters/{signed.encounter.pk}/")
    assert b"alert--danger" in page.content


def test_an_amendment_of_a_verified_note_keeps_the_chain_whole(signed: Clinic) -> None:
    entry(services.encounter_close)(actor=signed.li, encounter_id=signed.encounter.pk, at=clock.now())
    assert list(verification.faults()) == []
