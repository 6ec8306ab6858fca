"""Electronic receipts: wanted with the money in one transaction, issued afterwards, taken back by red notes (PAY-14).

The receipts of a settlement are a chain and are issued strictly in its order: a red note waits for its receipt, a new
receipt for the red note before it. Each number is asked for again until the platform's answer is known, so that a crash
or a lost answer issues nothing twice and forgets nothing.
"""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from hospital.audit import services as audit
from hospital.kit import clock, sweeps
from hospital.kit.actor import Actor, Role, system
from hospital.kit.masking import mask_id
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within

from ..channels.base import ChannelRefused, ChannelUnknown
from ..channels.invoice import client
from ..models import Channel, Charge, Invoice, PaymentSplit, Settlement
from ..numbers import next_number
from ..states import INVOICE, InvoiceStatus, RefundStatus

log = logging.getLogger(__name__)
SWEEP = "billing.invoices"
ROBOT = system("billing.invoices")
_ENDED = [InvoiceStatus.ISSUED, InvoiceStatus.REVERSED]
_BEHIND = timedelta(seconds=30)


@within
def invoice_want(settlement: Settlement, *, at: datetime) -> None:
    """A receipt of what was just settled."""
    _blue(settlement, settlement.amount, at=at)
    sweeps.wake(SWEEP)


@within
def invoice_adjust(settlement: Settlement, *, at: datetime) -> None:
    """Money of this settlement went back: its receipt is taken back, and what remains gets a new one."""
    back = settlement.refunds.filter(status=RefundStatus.SUCCEEDED).aggregate(fen=Sum("amount"))["fen"] or 0
    left = settlement.amount - back
    last = Invoice.objects.filter(settlement=settlement, kind=Invoice.Kind.BLUE).order_by("-pk").first()
    if last is None or last.amount == left or hasattr(last, "reversed_by"):
        return
    red = Invoice.objects.create(
        number=next_number("E", at), kind=Invoice.Kind.RED, charge=last.charge, settlement=settlement, reverses=last,
        amount=last.amount, wanted_at=at, next_try_at=at, sheet=last.sheet,
    )  # fmt: skip
    INVOICE.begin(red, actor=ROBOT, at=at)
    if left > 0:
        _blue(settlement, left, at=at)
    sweeps.wake(SWEEP)


def _blue(settlement: Settlement, amount: int, *, at: datetime) -> None:
    number = next_number("E", at)
    sheet = sheet_of(settlement, amount, number=number)
    made = Invoice.objects.create(
        number=number, charge=settlement.charge, settlement=settlement, amount=amount, wanted_at=at, next_try_at=at,
        sheet=json.dumps(sheet, ensure_ascii=False),
    )  # fmt: skip
    INVOICE.begin(made, actor=ROBOT, at=at)


def sheet_of(settlement: Settlement, amount: int, *, number: str) -> dict[str, Any]:
    """What a receipt says (PAY-14); all money in fen, and both of its identities hold."""
    charge, payment = settlement.charge, settlement.payment
    patient = charge.patient
    lines = _lines(charge)
    missing = amount - sum(line["amount"] for line in lines)
    if missing:  # given back in the channel's console, where nobody said for which item
        lines.append({"name": "已退费", "category": "other", "label": "其他", "unit": "次", "quantity": 1,
                      "price": missing, "amount": missing})  # fmt: skip
    items: dict[str, int] = {}
    for line in lines:
        items[line["label"]] = items.get(line["label"], 0) + line["amount"]
    # Only what went through the insurer is divided: of every other payment nobody needs to be asked.
    split = PaymentSplit.objects.filter(payment=payment).first() if payment.channel == Channel.INSURANCE else None
    insured = split is not None and split.total == amount
    fund, account, other = (split.fund, split.personal, split.other) if split and insured else (0, 0, 0)
    cash = amount - fund - account - other
    return {
        "number": number, "hospital": settings.HOSPITAL_NAME, "institution": "三级肿瘤医院",
        "payer": {"name": patient.name, "sex": patient.get_sex_display(), "id": mask_id(patient.document_no)},
        "visit_no": patient.record_no, "bill_no": charge.number, "visit_date": f"{clock.business_day(charge.created_at):%Y-%m-%d}",
        "insurance": {"kind": split.insurer if split and insured else "自费", "number": ""},
        "items_total": [{"label": label, "amount": fen} for label, fen in items.items()], "lines": lines, "total": amount,
        "paid": {"fund": fund, "other": other, "account": account, "cash": cash},
        "own": {"self_pay": account, "self_expense": cash},
    }  # fmt: skip


# The words on paper are the national form's, whatever language the page speaks.
_LABELS = {
    "consultation": "诊察费", "exam": "检查费", "lab": "化验费", "treatment": "治疗费", "surgery": "手术费",
    "material": "卫生材料费", "western_drug": "西药费", "herbal": "中药饮片", "patent_drug": "中成药费",
    "general": "一般诊疗费", "registration": "挂号费", "other": "其他",
}  # fmt: skip


def _lines(charge: Charge) -> list[dict[str, Any]]:
    """What of each line was paid for and not given back."""
    gone = Sum("refund_lines__quantity", filter=Q(refund_lines__refund__status=RefundStatus.SUCCEEDED))
    return [
        {"name": line.name, "category": line.category, "label": _LABELS[line.category], "unit": line.unit,
         "quantity": left, "price": line.unit_price, "amount": left * line.unit_price,
         "package": line.package.name if line.package else ""}
        for line in charge.lines.annotate(gone=Coalesce(gone, 0)).select_related("package").order_by("pk")
        if (left := line.quantity - line.gone) > 0
    ]  # fmt: skip


# --- Issuing -------------------------------------------------------------------------------------------------------
def invoices_issue(*, at: datetime, limit: int = 100) -> int:
    """The sweep: ask the platform for every receipt and red note whose turn has come."""
    if not client.is_ready():
        return 0
    due = Invoice.objects.filter(status__in=[InvoiceStatus.WANTED, InvoiceStatus.ASKED], next_try_at__lte=at)
    done = 0
    for invoice_id in list(due.order_by("pk").values_list("pk", flat=True)[:limit]):
        try:
            done += invoice_issue(invoice_id, at=at)
        except Exception:  # one receipt never stops the next; it was claimed, so that it is asked for again
            log.exception("receipt %d failed", invoice_id)
    return done


def invoice_issue(invoice_id: int, *, at: datetime) -> bool:
    """Ask for one receipt; False when it isn't its turn yet or another process asks."""
    invoice = _claim(invoice_id, at=at)
    if invoice is None:
        return False
    try:
        if invoice.reverses is not None:
            old = invoice.reverses
            known = client.Ticket(old.code, old.ticket, old.check_code, old.issued_at or at)
            ticket = client.write_off(invoice.number, known, invoice.amount, at=clock.now())
        else:
            ticket = client.issue(invoice.number, json.loads(invoice.sheet), at=clock.now())
    except ChannelUnknown as error:
        Invoice.objects.filter(pk=invoice_id).update(last_error=str(error)[:300])
        return True
    except ChannelRefused as refusal:
        _refused(invoice_id, why=str(refusal), at=at)
        return True
    _issued(invoice_id, ticket, at=at)
    return True


@entry
def _claim(invoice_id: int, *, at: datetime) -> Invoice | None:
    rows = Invoice.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("reverses")
    invoice = rows.filter(
        pk=invoice_id, status__in=[InvoiceStatus.WANTED, InvoiceStatus.ASKED], next_try_at__lte=at
    ).first()
    if invoice is None:
        return None
    before = Invoice.objects.filter(settlement_id=invoice.settlement_id, pk__lt=invoice.pk)
    if before.exclude(status__in=_ENDED).exists():
        Invoice.objects.filter(pk=invoice_id).update(next_try_at=at + _BEHIND)
        return None
    attempts = invoice.attempts + 1
    changes: dict[str, Any] = {
        "attempts": attempts,
        "next_try_at": at + timedelta(seconds=min(30 * 2 ** min(attempts, 8), 3600)),
    }
    if invoice.status == InvoiceStatus.WANTED:
        INVOICE.move(invoice, InvoiceStatus.ASKED, actor=ROBOT, at=at, **changes)
    else:
        Invoice.objects.filter(pk=invoice_id).update(**changes)
    return invoice


@entry
def _issued(invoice_id: int, ticket: client.Ticket, *, at: datetime) -> None:
    invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice_id)
    if invoice.status != InvoiceStatus.ASKED:
        return
    INVOICE.move(
        invoice, InvoiceStatus.ISSUED, actor=ROBOT, at=at, code=ticket.code, ticket=ticket.ticket, next_try_at=None,
        check_code=ticket.check_code, issued_at=ticket.issued_at, last_error="",
    )  # fmt: skip
    if invoice.reverses_id is not None:
        old = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.reverses_id)
        INVOICE.move(old, InvoiceStatus.REVERSED, actor=ROBOT, at=at, reason=invoice.number)
    behind = Invoice.objects.filter(settlement_id=invoice.settlement_id, status=InvoiceStatus.WANTED)
    if behind.update(next_try_at=at):
        sweeps.wake(SWEEP)


@entry
def _refused(invoice_id: int, *, why: str, at: datetime) -> None:
    invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice_id)
    if invoice.status == InvoiceStatus.ASKED:
        INVOICE.move(
            invoice, InvoiceStatus.REFUSED, actor=ROBOT, at=at, reason=why[:300], last_error=why[:300], next_try_at=None
        )


@entry
def invoice_retry(*, actor: Actor, invoice_id: int, at: datetime) -> Invoice:
    """The reason of a refusal was mended: ask again, under the same number."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    invoice = Invoice.objects.select_for_update(no_key=True).filter(
        pk=invoice_id, status=InvoiceStatus.REFUSED
    ).first()  # fmt: skip
    if invoice is None:
        raise NotFound
    INVOICE.move(invoice, InvoiceStatus.ASKED, actor=actor, at=at, next_try_at=at, last_error="")
    audit.record(actor, "invoice.retry", at=at, subject=invoice)
    sweeps.wake(SWEEP)
    return invoice
