"""What is stored of a person opens under its own key, for its own column, unchanged, or not at all (SEC-06)."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospital.kit import crypto

OLD = "old:sm4:" + base64.b64encode(bytes(range(16))).decode()
NEW = "new:aes:" + base64.b64encode(bytes(range(32))).decode()
PURPOSE = "patient.name"


@pytest.mark.parametrize("text", [OLD, NEW])
def test_both_ciphers_open_what_they_sealed(settings: Any, text: str) -> None:
    settings.FIELD_KEYS = [text]
    stored = crypto.encrypt("王芳", purpose=PURPOSE)
    assert stored.startswith(text.split(":")[0] + ":") and "王芳" not in stored
    assert crypto.decrypt(stored, purpose=PURPOSE) == "王芳"


@given(st.text())
def test_any_text_comes_back(plain: str) -> None:
    try:
        plain.encode()
    except UnicodeEncodeError:
        return
    assert crypto.decrypt(crypto.encrypt(plain, purpose=PURPOSE), purpose=PURPOSE) == plain


def test_the_same_text_never_looks_the_same_twice() -> None:
    assert len({crypto.encrypt("王芳", purpose=PURPOSE) for _ in range(20)}) == 20


def test_a_new_key_in_front_writes_and_the_old_one_still_reads(settings: Any) -> None:
    settings.FIELD_KEYS = [OLD]
    before = crypto.encrypt("王芳", purpose=PURPOSE)
    settings.FIELD_KEYS = [NEW, OLD]
    assert crypto.writing_key_id() == "new"
    assert crypto.encrypt("王芳", purpose=PURPOSE).startswith("new:")
    assert crypto.decrypt(before, purpose=PURPOSE) == "王芳"
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(crypto.DecryptionFailed, match="old"):
        crypto.decrypt(before, purpose=PURPOSE)


def test_a_value_moved_into_another_column_stays_shut() -> None:
    stored = crypto.encrypt("王芳", purpose=PURPOSE)
    with pytest.raises(crypto.DecryptionFailed):
        crypto.decrypt(stored, purpose="patient.phone")


@pytest.mark.parametrize("key", [OLD, NEW])
def test_each_changed_byte_is_noticed(settings: Any, key: str) -> None:
    settings.FIELD_KEYS = [key]
    key_id, _, body = crypto.encrypt("王芳", purpose=PURPOSE).partition(":")
    sealed = base64.b64decode(body)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(crypto.DecryptionFailed):
            crypto.decrypt(f"{key_id}:{base64.b64encode(bytes(changed)).decode()}", purpose=PURPOSE)


@pytest.mark.parametrize("stored", ["王芳", "", "nokey:AAAA", "old:", "old:not base64!", "old:AAAA"])
def test_what_was_never_sealed_is_never_answered_as_plain(settings: Any, stored: str) -> None:
    settings.FIELD_KEYS = [OLD]
    with pytest.raises(crypto.DecryptionFailed):
        crypto.decrypt(stored, purpose=PURPOSE)


@pytest.mark.parametrize(("algorithm", "length"), [("aes", 16), ("sm4", 32), ("des", 16)])
def test_a_key_of_the_wrong_kind_is_refused(algorithm: str, length: int) -> None:
    with pytest.raises(ValueError, match="field key k9"):
        crypto.FieldKey.parse(f"k9:{algorithm}:{base64.b64encode(bytes(length)).decode()}")


def test_the_index_finds_what_is_written_differently_and_joins_no_columns(settings: Any) -> None:
    index = crypto.blind_index("11010119900307123x", purpose="a")
    assert index == crypto.blind_index(" １１０１０１19900307123X ", purpose="a")
    assert index != crypto.blind_index("110101199003071231", purpose="a")
    assert index != crypto.blind_index("11010119900307123x", purpose="b")
    settings.BLIND_INDEX_KEY = "another"
    assert index != crypto.blind_index("11010119900307123x", purpose="a")
