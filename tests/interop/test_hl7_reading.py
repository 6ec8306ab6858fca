"""Reading HL7 v2 as it comes: encodings, delimiters, broken lines, fields in the wrong place. No database."""

import random
from datetime import date

import pytest

from hospital.interop.hl7 import message, results
from hospital.interop.hl7.ack import Code, Verdict, ack
from hospital.interop.hl7.framing import FrameReader, FrameTooLong, framed
from hospital.kit import clock
from tests.interop.messages import CR, answer_of

HEAD = "MSH|^~\\&|LIS|LAB|HIS|H|20260804120000||ORU^R01|M1|P|2.5"
PID = "PID|1||P1^^^MRN||张三^男||19700101|M"
OBR = "OBR|1|O1|F1|CBC^血常规"


def read(*lines: str, encoding: str = "utf-8") -> results.Oru:
    return results.read(message.parse(CR.join(lines).encode(encoding)))


def one(obx: str) -> results.Value:
    return read(HEAD, PID, OBR, obx).results[0].values[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("declared", ["", "UNICODE UTF-8", "ASCII", "nonsense"])
def test_the_bytes_decide_when_the_declared_encoding_is_wrong(encoding: str, declared: str) -> None:
    oru = read(f"{HEAD}||||||{declared}", PID, OBR, "OBX|1|NM|HGB^血红蛋白||45|g/L", encoding=encoding)
    assert oru.results[0].values[0].name == "血红蛋白"


def test_a_declared_encoding_is_believed_when_the_bytes_can_be_it() -> None:
    oru = read(f"{HEAD}||||||GB 18030-2000", PID, OBR, "OBX|1|NM|HGB^血红蛋白||45|g/L", encoding="gb18030")
    assert oru.results[0].values[0].name == "血红蛋白"


@pytest.mark.parametrize(
    ("obx", "field", "value"),
    [
        ("OBX|1|NM|WBC^白细胞||6.5|10\\S\\9/L|3.5-9.5|N|||F", "unit", "10^9/L"),
        ("OBX|1|NM|WBC^白细胞||6.5|10^9/L|3.5-9.5|N|||F", "unit", "10^9/L"),
        ("OBX|1|NM|HGB^血红蛋白||120|g/L|男 130-175 \\T\\ 女 115-150|N|||F", "range_text", "男 130-175 & 女 115-150"),
        ("OBX|1|NM|HGB^血红蛋白|2|45|g/L|130-175|LL", "flag", "LL"),
        ("OBX|1|NM|WBC^白细胞||6.5|10^9/L|3.5-9.5||H|F", "flag", "H"),
        ("OBX|1|NM|CEA^癌胚抗原||>1000|ng/mL|0-5|HH|||F", "value", ">1000"),
        ("OBX|1|SN|CEA^癌胚抗原||<^0.5|ng/mL|0-5|N|||F", "value", "<0.5"),
        ("OBX|1|NM|WBC^白细胞||6.5|g|1-2|↑|||F", "flag", "H"),
        ("OBX|1|CE|BLD^血型||A^A 型^L||||||F", "value", "A 型"),
        ("OBX|1|ST|X^注||a\\F\\b\\E\\c\\.br\\d||||||F", "value", "a|b\\c\nd"),
        ("OBX|1|ST|X^路径||\\\\srv\\share||||||F", "value", "\\\\srv\\share"),
    ],
)
def test_liberties_of_obx(obx: str, field: str, value: str) -> None:
    assert getattr(one(obx), field) == value


@pytest.mark.parametrize("status", ["D", "I", "W", "X", "O"])
def test_a_value_that_is_no_result_never_reaches_the_record(status: str) -> None:
    assert read(HEAD, PID, OBR, f"OBX|1|NM|HGB||45|g/L|||||{status}").results[0].is_empty


def test_a_raw_line_break_belongs_to_the_result() -> None:
    oru = read(HEAD, PID, OBR, "OBX|1|TX|59776-5^影像所见^LN||右肺上叶结节；\n边缘毛糙。||||||F")
    assert oru.results[0].findings == ["右肺上叶结节；\n边缘毛糙。"] and oru.results[0].is_imaging


@pytest.mark.parametrize("end", ["\n", "\r\n", "\\r"])
def test_lines_may_end_as_they_like(end: str) -> None:
    content = end.join([HEAD, PID, OBR, "OBX|1|NM|HGB^血红蛋白||45|g/L"]).encode()
    assert results.read(message.parse(content)).results[0].values[0].value == "45"


def test_other_delimiters_and_an_msh_with_a_field_too_many() -> None:
    odd = "MSH#*~!@#LIS#LAB#HIS#H##20260804120000##ORU*R01#M7#P#2.5"
    read_as = message.parse(CR.join([odd, PID.replace("|", "#").replace("^", "*")]).encode())
    header = message.Header(odd.encode())
    assert (header.control_id, header.type, header.sender, read_as.shift) == ("M7", "ORU^R01", "LIS|LAB", 1)
    assert answer_of(ack(odd.encode(), Verdict(Code.ACCEPTED), at=clock.now(), number="1"))[:2] == ("AA", "M7")


def test_who_is_meant() -> None:
    pid = "PID|1|999|P1^^^MRN~110101199003074477^^^CN^ID|ALT1|王^小东||19610301|M|||a~b@c~13800138000||||||||330110197001011234"
    who = read(HEAD, pid, OBR, "OBX|1|NM|HGB||1").identity
    assert who.record_numbers == ("P1", "ALT1", "999")
    assert set(who.id_cards) == {"330110197001011234", "110101199003074477"}
    assert "王小东" in who.names and who.birth_date == date(1961, 3, 1) and who.sex == "1"
    assert read(HEAD, PID, OBR, "OBX|1|NM|HGB||1").identity.names == ("张三",), "张三^男 is 张三"


@pytest.mark.parametrize(
    "lines",
    [[HEAD, OBR], [HEAD, PID, PID, OBR], [HEAD, PID], [HEAD, PID, OBR, "OBX|1|ED|PDF||^application^pdf^Base64^JVBERi0="]],
)  # fmt: skip
def test_what_cannot_be_filed_says_why(lines: list[str]) -> None:
    with pytest.raises(message.Unreadable):
        read(*lines)


@pytest.mark.parametrize("content", [b"", b"\0", b"hello", b"MSH", b"MSH|", b"MSHX^~\\&|", b"\xff\xfe\xff", b"PID|1||"])
def test_what_is_no_message_is_said_so(content: bytes) -> None:
    with pytest.raises(message.Unreadable):
        message.parse(content)


def test_too_many_segments_are_refused() -> None:
    with pytest.raises(message.TooManySegments):
        message.parse((CR.join([HEAD, *["NTE|1||x"] * 600])).encode(), most_segments=500)


@pytest.mark.parametrize(
    "text", ["", "2026", "20261332", "196203520", "20260101250000", "20260101120000+9999", "x" * 50]
)
def test_a_wrong_time_is_no_time(text: str) -> None:
    assert results.stamp(text) is None


def test_damage_never_breaks_the_reader_and_the_answer_keeps_the_number() -> None:
    """Bytes changed, cut and put in at random: read or refused, answered always."""
    dice = random.Random(7)
    whole = CR.join([HEAD, PID, OBR, "OBX|1|NM|WBC^白细胞||6.5|10\\S\\9/L|3.5-9.5|N|||F", "NTE|1||备注"]).encode(
        "gb18030"
    )
    outcomes = set()
    for _ in range(3000):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(content) + 1)
            if dice.random() < 0.5:
                del content[at : at + dice.randint(1, 12)]
            else:
                content[at:at] = dice.choice(
                    [b"|", b"^", b"\\", b"\r", b"\n", b"\0", b"~", b"MSH|", b"\xff", b"OBX|1|SN|"]
                )
        raw = bytes(content)
        answered = ack(raw, Verdict(Code.ERROR, "否|^"), at=clock.now(), number="1")
        assert message.Header(raw).field(10 + message.Header(raw).shift).encode("latin-1") in answered
        try:
            results.read(message.parse(raw))
            outcomes.add("read")
        except message.Unreadable:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


# --- Frames ---------------------------------------------------------------------------------------------------


def test_frames_come_in_any_pieces() -> None:
    stream = b"noise" + framed(b"one") + framed("二".encode()) + b"\x0bthr" + b"\x0bthree\x1c\r"
    for size in (1, 2, 3, 7, len(stream)):
        reader = FrameReader(1000)
        found = [frame for at in range(0, len(stream), size) for frame in reader.feed(stream[at : at + size])]
        assert found == [b"one", "二".encode(), b"three"], size
        assert not reader.is_inside


def test_a_frame_without_end_is_stopped() -> None:
    reader = FrameReader(100)
    with pytest.raises(FrameTooLong):
        for _ in range(20):
            reader.feed(b"\x0bMSH|" if not reader.is_inside else b"x" * 10)
    with pytest.raises(FrameTooLong):
        FrameReader(100).feed(framed(b"x" * 101))
