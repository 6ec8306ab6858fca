"""The insurer's centre as a real HTTP server on loopback, and the ways to drive an insured order through it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.test import Client

from billing import services
from billing.channels.insurance.sandbox import Sandbox
from billing.channels.insurance.wire import Side
from billing.models import Charge, Insured, PayOrder
from billing.services import insured
from hospital.people.models import Account
from tests.billing.conftest import Bank, House, configure
from tests.cast import Person, actor_of_person
from tests.sandboxes import serve

DOOR = "/pay/notify/insurance/"
OPENID = "o-wang-fang"


def ring_insurer(message: Any) -> Any:
    return Client(raise_request_exception=False).post(DOOR, message, content_type="application/json")


@dataclass
class Insurer:
    """The centre, and the patient who pays by it."""

    sandbox: Sandbox
    bank: Bank
    house: House

    def charge(self, *lines: tuple[str, int]) -> tuple[Charge, PayOrder]:
        charge = self.house.owe(self.house.cast.wang_fang, *(lines or [("TRT-1", 1)]))
        order = self.house.order(charge, channel="insurance", method="code")
        return charge, services.order_prepare(order.pk, at=self.house.at)

    def code(self, person: Person | None = None) -> str:
        """The consent that a person gives in the insurance code."""
        patient = (person or self.house.cast.wang_fang).patient
        assert patient is not None
        return self.sandbox.consents(patient.name, patient.document_no)

    def plan(self, fund: int, personal: int, insutype: str = "310") -> None:
        patient = self.house.cast.wang_fang.patient
        assert patient is not None
        self.sandbox.plan(patient.document_no, insutype=insutype, fund_percent=fund, personal_percent=personal)

    def authorised(self, order: PayOrder, **more: Any) -> Insured:
        actor = actor_of_person(self.house.cast.wang_fang)
        return insured.insured_authorise(actor=actor, order_id=order.pk, code=self.code(), at=self.house.at, **more)

    def agreed(self, order: PayOrder) -> Insured:
        actor = actor_of_person(self.house.cast.wang_fang)
        return insured.insured_settle(actor=actor, order_id=order.pk, openid=OPENID, at=self.house.at)

    def ready(self, *lines: tuple[str, int]) -> tuple[Charge, PayOrder, Insured]:
        charge, order = self.charge(*lines)
        self.authorised(order)
        return charge, order, self.agreed(order)

    def pays(self, row: Insured, *, tell: bool = False) -> dict[str, Any]:
        """One password on the payer's phone."""
        return self.bank.sandbox.mixed.pay(row.mix_trade_no, tell=tell)

    def paid(self, *lines: tuple[str, int]) -> tuple[Charge, PayOrder, Insured]:
        charge, order, row = self.ready(*lines)
        if row.mix_trade_no:
            self.pays(row)
        services.order_refresh(order.pk, at=self.house.at)
        return charge, PayOrder.objects.get(pk=order.pk), row

    def row(self, number: str) -> dict[str, Any]:
        """What the centre's own books say of an order."""
        found = self.sandbox.store.one("SELECT * FROM uploads WHERE number = ?", number)
        assert found is not None
        return found

    def cash(self, number: str) -> dict[str, Any] | None:
        """What WeChat's own books say of the patient's half."""
        return self.bank.sandbox.store.one("SELECT * FROM orders WHERE number = ?", number)

    def holds_nothing(self, number: str) -> bool:
        """Neither side has money for it: nothing settled, or given back."""
        theirs = self.sandbox.store.one("SELECT * FROM uploads WHERE number = ?", number)
        cash = self.cash(number)
        gone = self.bank.sandbox.store.one(
            "SELECT coalesce(sum(amount), 0) AS fen FROM refunds WHERE order_number = ? AND status = 'SUCCESS'", number
        )
        assert gone is not None
        cash_left = (cash["paid_total"] or 0) - gone["fen"] if cash else 0
        return (theirs is None or theirs["state"] in {"7", "9"}) and cash_left == 0


def served(house: House, bank: Bank, keys: dict[str, str], settings: Any, state_dir: Path) -> Iterator[Insurer]:
    """The fixture `insurer` of conftest.py."""
    configure(settings, keys)
    settings.INSURANCE_ORG_CODE, settings.INSURANCE_CITY = "H44010000001", "440100"
    settings.INSURANCE_LOCATION = "113.264499,23.130061"
    side = Side(
        keys["INSURANCE_APP_ID"], keys["INSURANCE_APP_SECRET"],
        keys["INSURANCE_SANDBOX_PLATFORM_KEY"], keys["INSURANCE_SANDBOX_ORG_PUBLIC_KEY"],
    )  # fmt: skip
    sandbox = Sandbox(
        state_dir, side, org="H44010000001", post=lambda message: ring_insurer(message).status_code == 200
    )
    bank.sandbox.mixed.insurer = sandbox
    Account.objects.filter(pk=house.cast.wang_fang.account.pk).update(wechat_openid=OPENID)
    with serve(sandbox) as there:
        settings.INSURANCE_BASE_URL, settings.INSURANCE_AUTHORIZE_URL = there, f"{there}/authorize"
        yield Insurer(sandbox, bank, house)
        sandbox.stop()
