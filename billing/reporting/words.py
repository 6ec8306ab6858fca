"""A difference in the words of the finance office: what it is, and the evidence of the sides beside one another (PAY-05)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from hospital.kit.money import format_yuan

from ..models import ReconCase
from ..parameters import FEE_BP
from ..states import RefundStatus

_SAYS, _HERE = "bill-says-", "here-"

# Each reason that classes.py and credit.py give: what differs, and what usually lies behind it.
REASONS: dict[str, tuple[Any, Any]] = {
    "unknown-order": (gettext_lazy("the bill has an order that isn't ours"),
                      gettext_lazy("The order number was never given by this platform. Often it is another till of the same merchant; else ask the channel where it comes from.")),
    "order-known-payment-unknown": (gettext_lazy("paid at the channel, unknown here"),
                                    gettext_lazy("The order is ours, but we never learned of its payment: its notice was lost. Ask the channel and post what it says.")),
    "not-in-bill": (gettext_lazy("paid here, missing in the bill"),
                    gettext_lazy("We hold it for paid, and the bill of the day and of the days beside it do not list it. Ask the channel about the order.")),
    "not-settled": (gettext_lazy("paid, but no bill of the hospital was settled"),
                    gettext_lazy("The money arrived when what it was for was cancelled or had expired. Give it back, unless somebody owes that sum.")),
    "settled-in-part": (gettext_lazy("paid more than was settled"),
                        gettext_lazy("Part of the money settled a bill, the rest settled nothing. Give back what is left over.")),
    "amount": (gettext_lazy("the amounts differ"),
               gettext_lazy("The channel took another amount than we recorded. Stand by the channel's figure and look for the reason.")),
    "currency": (gettext_lazy("the bill is in another currency"), gettext_lazy("Only yuan are taken here. Ask the channel.")),
    "other-transaction": (gettext_lazy("another number of the channel"),
                          gettext_lazy("Order and amount agree, the channel's own number does not. Ask the channel which one is valid.")),
    "other-merchant": (gettext_lazy("the bill names another merchant"),
                       gettext_lazy("The money went to another merchant number than ours. Ask the channel before anything else.")),
    "listed-twice": (gettext_lazy("listed twice in the bill"),
                     gettext_lazy("One payment stands in two lines of the bill. Ask the channel for a corrected bill.")),
    "paid-twice": (gettext_lazy("one order paid twice"), gettext_lazy("The channel took the money twice. The later payment is given back.")),
    "charge-was-settled-before": (gettext_lazy("the bill had been paid already"),
                                  gettext_lazy("Another payment settled it before this one came. The later payment is given back.")),
    "in-transit": (gettext_lazy("near midnight, expected in tomorrow's bill"), gettext_lazy("Nothing to do: tomorrow's bill decides.")),
    "in-bill-of-other-day": (gettext_lazy("stands in the bill of a day beside it"),
                             gettext_lazy("Around midnight the channel's clock and ours fell on two days. It is in a bill, and explains itself.")),
    "channel-day-differs": (gettext_lazy("the channel counts it to another day"),
                            gettext_lazy("Around midnight the channel's clock and ours fell on two days. It explains itself.")),
    "settled-on-other-day": (gettext_lazy("settled on another day than it was paid"),
                             gettext_lazy("The money came before midnight and settled its bill after. It explains itself.")),
    "refund-not-in-bill": (gettext_lazy("refunded here, missing in the bill"),
                           gettext_lazy("The bill of the day and of the days beside it do not list this refund. Send it again under its own number: the channel carries it out once at most.")),
    "refund-listed-twice": (gettext_lazy("a refund listed twice in the bill"),
                            gettext_lazy("One refund stands in two lines of the bill. Ask the channel for a corrected bill.")),
    "refund-unknown-here": (gettext_lazy("refunded at the channel, unknown here"),
                            gettext_lazy("Somebody gave money back in the channel's own console, or the refund is not ours. Find out who; the platform records what the channel tells of it.")),
    "refund-amount": (gettext_lazy("the refunded amounts differ"), gettext_lazy("The channel gave back another amount than we asked for.")),
    "own-part": (gettext_lazy("the patient's own part differs"),
                 gettext_lazy("The channel took another amount for the patient's part than the insurer left to the patient.")),
    "split-unknown-here": (gettext_lazy("the insurer lists a payment that we hold for uninsured"), gettext_lazy("Ask the insurer's centre about the order.")),
    "split-fund": (gettext_lazy("the insurer's fund pays another part"), gettext_lazy("The sums agree, the parts do not. Ask the insurer's centre about the order.")),
    "split-personal": (gettext_lazy("the personal account pays another part"), gettext_lazy("The sums agree, the parts do not. Ask the insurer's centre about the order.")),
    "split-own-cash": (gettext_lazy("the patient pays another part"), gettext_lazy("The sums agree, the parts do not. Ask the insurer's centre about the order.")),
    "fee": (gettext_lazy("another commission than agreed"),
            gettext_lazy("The commission is more than one fen away from the contract's rate. The books have it as the bill says; claim the difference from the channel.")),
    "not-in-flow": (gettext_lazy("in the bill, missing in the account flow"), gettext_lazy("The bill lists it, the channel's account flow does not. Ask the channel when it is credited.")),
    "flow-only": (gettext_lazy("in the account flow, missing in the bill"), gettext_lazy("The channel's account moved without a line in the bill. Ask the channel what it was.")),
    "flow-amount": (gettext_lazy("the account flow has another amount"), gettext_lazy("The account was credited another amount than the bill promises after the commission.")),
    "credit": (gettext_lazy("the bank credited another amount"), gettext_lazy("The bank's credit is not what the channel owes after its commission. Ask the channel for its statement.")),
    "credit-missing": (gettext_lazy("the bank credited nothing yet"), gettext_lazy("The channel's money should have arrived by now. Ask the channel when it was paid out.")),
}  # fmt: skip

# States as the channels' bills write them.
_STATES = {
    "SUCCESS": gettext_lazy("succeeded"), "REFUND": gettext_lazy("turned into a refund"), "REVOKED": gettext_lazy("revoked"),
    "FAIL": gettext_lazy("failed"), "PROCESSING": gettext_lazy("being carried out"), "CHANGE": gettext_lazy("went wrong at the channel"),
}  # fmt: skip


def state_in_words(state: str) -> str:
    """A state of a bill or of a refund of ours; what nobody knows is shown as it is written."""
    return "、".join(str(_STATES.get(one, dict(RefundStatus.choices).get(one, one))) for one in state.split(","))


def reason_title(reason: str) -> str:
    """What differs, in a few words."""
    if reason.startswith(_SAYS):
        return _("the bill says: %(state)s") % {"state": state_in_words(reason.removeprefix(_SAYS))}
    if reason.startswith(_HERE):
        return _("our refund is: %(state)s") % {"state": state_in_words(reason.removeprefix(_HERE))}
    return str(REASONS[reason][0]) if reason in REASONS else reason


def reason_explained(reason: str) -> str:
    """What usually lies behind it, and what helps."""
    if reason.startswith(_SAYS):
        return _(
            "Here the movement succeeded, in the bill it did not. It stays as it is until somebody has asked the channel."
        )
    if reason.startswith(_HERE):
        return _(
            "The channel says that the money went back; here the refund isn't finished. Send it again under its own number: it tells how it ended."
        )
    return str(REASONS[reason][1]) if reason in REASONS else ""


Row = tuple[str, str | None, str | None, str | None]  # what, and what hospital, platform and channel say of it


@dataclass(frozen=True, slots=True)
class Evidence:
    """Three columns side by side; a cell is None where that side says nothing about it."""

    titles: tuple[str, str, str]
    rows: list[Row]


def evidence(case: ReconCase) -> Evidence:
    """What hospital, platform and channel say, line by line."""
    seen: Mapping[str, Any] = case.evidence
    kind = case.key.partition(":")[0]
    if kind in {"flow", "credit"}:
        return _money_evidence(case, kind)
    rows: list[Row] = [
        (_("Amount"), _yuan(case.hospital), _yuan(case.platform), _yuan(case.channel_amount)),
        (_("State"), _("settled") if case.hospital is not None else _("not settled"),
         state_in_words(seen["p_status"]) if "p_status" in seen else None, state_in_words(seen["c_status"]) if "c_status" in seen else None),
        (_("Time"), seen.get("h_at"), seen.get("p_at"), seen.get("c_at")),
        (_("Our number"), None, _own_number(case, kind) if case.platform is not None else None,
         _own_number(case, kind) if case.channel_amount is not None else None),
        (_("Channel's number"), None, seen.get("p_transaction"), seen.get("c_transaction")),
        (_("How often"), None, _times(seen.get("p_times")), _times(seen.get("c_times"))),
        (_("Asked for"), None, _yuan(seen.get("ordered")), None),
        *_split_rows(seen),
        (_("Commission"), None, _agreed_fee(case), _fee(seen.get("c_fee")) if kind == "pay" else None),
        (_("Currency"), None, "CNY" if case.platform is not None else None, seen.get("c_currency")),
        (_("Merchant"), None, None, seen.get("c_merchant") or None),
        (_("Lines of the bill"), None, None, _lines(seen.get("c_lines"))),
        (_("In the bill of"), None, None, seen.get("c_day") or seen.get("other_day")),
    ]  # fmt: skip
    titles = (_("Hospital (settled)"), _("Platform (received)"), _("Channel (its bill)"))
    return Evidence(titles, [row for row in rows if any(cell is not None for cell in row[1:])])


def _money_evidence(case: ReconCase, kind: str) -> Evidence:
    """D10 of a movement of the account or of the bank: what the bill promises beside what really moved."""
    seen = case.evidence
    moved = _("Account flow of the channel") if kind == "flow" else _("Bank (credited)")
    rows: list[Row] = [(_("Amount"), None, _yuan(case.platform), _yuan(case.channel_amount))]
    if kind == "flow":
        rows.append((_("Our number"), None, seen.get("p_transaction"), None))
        rows.append((_("Channel's number"), None, None, seen.get("c_transaction")))
    return Evidence((_("Hospital (settled)"), _("The bill promises, after the commission"), moved), rows)


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else f"¥{format_yuan(fen)}"


def _own_number(case: ReconCase, kind: str) -> str | None:
    return case.evidence.get("refund_no" if kind == "refund" else "order_no") or None


def _times(times: int | None) -> str | None:
    return None if times is None else ngettext("%(times)d time", "%(times)d times", times) % {"times": times}


def _lines(lines: list[int] | None) -> str | None:
    if not lines:
        return None
    numbers = "、".join(str(number) for number in lines)
    return ngettext("line %(numbers)s", "lines %(numbers)s", len(lines)) % {"numbers": numbers}


def _fee(fee_e5: int | None) -> str | None:
    """Hundred-thousandths of a yuan as the bill writes them, without the noughts that say nothing."""
    if fee_e5 is None:
        return None
    digits = f"{abs(fee_e5) // 100_000}.{abs(fee_e5) % 100_000:05d}"
    return f"{'-' if fee_e5 < 0 else ''}¥{digits[:-3]}{digits[-3:].rstrip('0')}"


def _agreed_fee(case: ReconCase) -> str | None:
    """What the contract gives the channel for this amount, at the rate of the day on which the difference was found."""
    if case.channel not in FEE_BP or case.channel_amount is None or not case.key.startswith("pay:"):
        return None
    rate = FEE_BP[case.channel].at(case.found_at)
    return _("%(fee)s by the contract") % {"fee": _fee(case.channel_amount * rate // 10)}


def _split_rows(seen: Mapping[str, Any]) -> list[Row]:
    parts = [("fund", _("Insurer's fund")), ("personal", _("Personal account")), ("own_cash", _("Own money"))]
    return [(label, None, _yuan(seen.get(f"p_{name}")), _yuan(seen.get(f"c_{name}"))) for name, label in parts]
