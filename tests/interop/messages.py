"""Messages as laboratories send them, written for these tests after liberties seen in the field."""

from hospital.people.models import Patient

CR = "\r"


def oru(
    patient: Patient,
    *,
    number: str = "M1",
    placer: str = "",
    filler: str = "F1",
    obx: tuple[str, ...] = ("OBX|1|NM|HGB^血红蛋白||108|g/L|115-150|L|||F",),
    pid: str | None = None,
    msh: str | None = None,
    sender: str = "LIS|LAB",
    after: tuple[str, ...] = (),
) -> str:
    sex = {"1": "M", "2": "F"}[patient.sex]
    return CR.join(
        [
            msh or f"MSH|^~\\&|{sender}|HIS|H|20261121103000||ORU^R01|{number}|P|2.5",
            pid or f"PID|1||{patient.record_no}^^^MRN||{patient.name}||{patient.birth_date:%Y%m%d}|{sex}",
            f"OBR|1|{placer}|{filler}|CBC^血常规^LIS|||20261121100000",
            *obx,
            *after,
        ]
    )


def answer_of(raw: bytes) -> tuple[str, str, str]:
    """(code, MSH-10 of the message, text) of an acknowledgement."""
    text = raw.decode("utf-8", errors="replace").strip("\x0b\x1c\r")
    msa = next(line for line in text.split(CR) if line.startswith("MSA"))
    parts = [*msa.split(msa[3]), "", ""]
    return parts[1], parts[2], parts[3]
