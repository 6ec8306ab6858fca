"""The hospital and the stand-in of UnionPay, over real HTTP with certificates and signatures: G06, G07, PAY-02, PAY-09."""

import html
import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import requests

from billing import errors, selectors, services
from billing.channels import base
from billing.channels.unionpay import client, wire
from billing.channels.unionpay.client import UnionPayClient
from billing.channels.unionpay.sandbox import Sandbox, bills
from billing.models import BillFetch, Entry, Payment, PayOrder, ReconCase, ReconRun, Refund
from billing.services.bills import bill_import
from billing.services.recon import recon_again, recon_run
from billing.states import PayOrderStatus, RefundStatus
from hospital.kit import clock
from hospital.kit.actor import system
from tests.billing.conftest import House
from tests.billing.unionpay import paid, prepared, unionpay, unionpay_keys
from tests.cast import client_for

__all__ = ["unionpay", "unionpay_keys"]
pytestmark = pytest.mark.django_db

ROBOT = system("tests")
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148"


def hidden_fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def test_a_scanned_order_is_paid_and_rung_for(house: House, unionpay: Sandbox) -> None:
    charge, order = prepared(house)
    assert order.status == PayOrderStatus.WAITING and order.prepared["code_url"].startswith("http")
    unionpay.pay(order.number)
    assert unionpay.notifier.deliver_due(everything=True) == 1
    assert selectors.charge_is_paid(charge.pk)
    payment = Payment.objects.get()
    assert payment.source == "notice" and payment.transaction_id.startswith("81") and payment.amount == 5000
    assert abs(payment.success_at - clock.now()) < timedelta(minutes=5)
    assert Entry.objects.filter(account__code="channel.unionpay", amount=5000).count() == 1


def test_the_phone_goes_there_by_a_signed_form_and_comes_back_without_a_session(
    house: House, unionpay: Sandbox
) -> None:
    charge = house.owe(house.cast.wang_fang)
    phone = client_for(house.cast.wang_fang, headers={"user-agent": PHONE})
    answer = phone.post("/pay/", {"charge": [charge.pk], "method": "unionpay:h5"})
    order = PayOrder.objects.get()
    page = phone.get(answer["Location"]).content.decode()
    fields, there = hidden_fields(page), order.prepared["form_url"]
    assert there in page and fields == json.loads(order.prepared["form"])
    opened = requests.post(there, data=fields, timeout=5)
    assert "50.00" in opened.text and "确认付款" in opened.text
    assert "11 " in requests.post(there, data=fields | {"txnAmt": "1"}, timeout=5).text  # the signature fails
    unionpay.pay(order.number, tell=False)
    done = requests.post(there, data=fields, timeout=5).text
    stranger = client_for(None)
    sent_on = stranger.post("/pay/back/unionpay/", hidden_fields(done))
    assert sent_on.status_code == 302 and sent_on["Location"] == f"{answer['Location']}?back=1"
    early = phone.get(sent_on["Location"]).content.decode()  # asked a moment ago, and not rung for yet
    assert "正在向银联确认支付结果" in early and there not in early
    assert not Payment.objects.exists()  # what a browser brings is never believed
    PayOrder.objects.update(asked_at=None)  # two seconds pass
    page = phone.get(sent_on["Location"]).content.decode()  # the notice was lost: the page asks UnionPay itself
    assert f"/bills/{charge.number}/" in page and selectors.charge_is_paid(charge.pk)


@pytest.mark.parametrize("number", ["", "../..", "https://evil.example.org", "P1"])
def test_a_browser_that_brings_nothing_of_ours_is_sent_to_its_bills(db: Any, number: str) -> None:
    assert client_for(None).post("/pay/back/unionpay/", {"orderId": number})["Location"] == "/pay/"


def test_a_form_that_was_not_sent_yet_is_no_closed_order(house: House, unionpay: Sandbox) -> None:
    """UnionPay knows nothing of an order until the browser brings it: until its end it may still be paid."""
    charge, order = prepared(house, "h5")
    services.intents_resolve(at=house.at + timedelta(seconds=20))
    order.refresh_from_db()
    assert order.status == PayOrderStatus.WAITING
    requests.post(order.prepared["form_url"], data=json.loads(order.prepared["form"]), timeout=5)
    unionpay.pay(order.number, tell=False)
    services.intents_resolve(at=house.at + timedelta(minutes=5))
    assert selectors.charge_is_paid(charge.pk)


def test_an_order_ends_by_its_own_time_and_not_before(house: House, unionpay: Sandbox) -> None:
    charge, order = prepared(house)
    PayOrder.objects.update(close_wanted_at=house.at)  # the payer chose another way: UnionPay can't be told
    services.intents_resolve(at=house.at + timedelta(seconds=20))
    order.refresh_from_db()
    assert order.status == PayOrderStatus.WAITING
    end = order.expires_at + timedelta(seconds=1)
    services.intents_resolve(at=end)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CLOSED
    assert services.charges_expire(at=end) == 1
    assert not selectors.charge_is_paid(charge.pk)


@pytest.mark.parametrize("fault", ["refuse", "busy", "badsign"])
def test_preparing_survives_a_bad_moment_of_the_channel(house: House, unionpay: Sandbox, fault: str) -> None:
    order = house.order(house.owe(house.cast.wang_fang), channel="unionpay", method="native")
    unionpay.store.break_at("prepay", fault)
    with pytest.raises(errors.ChannelSilent):
        services.order_prepare(order.pk, at=house.at)
    if fault != "badsign":
        assert services.order_prepare(order.pk, at=house.at).status == PayOrderStatus.WAITING


def test_a_code_whose_answer_was_lost_is_given_up(house: House, unionpay: Sandbox) -> None:
    """UnionPay tells a code once; nobody has seen the lost one, so that nobody pays it and the payer starts anew."""
    charge = house.owe(house.cast.wang_fang)
    order = house.order(charge, channel="unionpay", method="native")
    unionpay.store.break_at("prepay", "lose")
    with pytest.raises(errors.ChannelSilent):
        services.order_prepare(order.pk, at=house.at)
    with pytest.raises(errors.ChannelSaysNo):
        services.order_prepare(order.pk, at=house.at)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CLOSED
    again = house.order(charge, channel="unionpay", method="native")
    assert services.order_prepare(again.pk, at=house.at).status == PayOrderStatus.WAITING


@pytest.mark.parametrize("fault", ["", "refuse", "busy", "lose", "badsign", "undecided"])
def test_a_refund_is_paid_out_once_whatever_happens_to_its_answer_g07(
    house: House, unionpay: Sandbox, fault: str
) -> None:
    charge, _order = paid(house, unionpay)
    if fault:
        unionpay.store.break_at("refund", fault)
    refund = house.asked_back(charge)
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    if fault == "undecided":
        refund.refresh_from_db()
        assert refund.status == RefundStatus.PROCESSING
        unionpay.finish_refund(refund.number)
    services.intents_resolve(at=house.at + timedelta(minutes=5))
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED and refund.channel_refund_id.startswith("81")
    assert [row["amount"] for row in unionpay.store.all("SELECT amount FROM refunds")] == [5000]
    assert unionpay.notifier.deliver_due(everything=True) == 1  # its notice finds nothing left to do
    assert Refund.objects.count() == 1


def test_a_refund_that_unionpay_could_not_do_is_failed_and_not_forgotten(house: House, unionpay: Sandbox) -> None:
    charge, _order = paid(house, unionpay)
    unionpay.store.break_at("refund", "undecided")
    refund = house.asked_back(charge)
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    unionpay.finish_refund(refund.number, "failed")
    assert unionpay.notifier.deliver_due(everything=True) == 1  # a doorbell: the sweep asks
    services.intents_resolve(at=house.at + timedelta(minutes=5))
    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED


def test_part_of_a_bill_goes_back_by_line(house: House, unionpay: Sandbox) -> None:
    charge, _order = paid(house, unionpay, ("LAB-1", 2), ("REG-1", 1))
    house.asked_back(charge, lines=[services.LineSpec("LAB-1", 1)])
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    charge.refresh_from_db()
    assert charge.status == "part_refunded" and Refund.objects.get().amount == 2050


def test_a_wrong_amount_in_an_answer_is_owed_back_and_never_settles(house: House, unionpay: Sandbox) -> None:
    charge, order = prepared(house)
    unionpay.pay(order.number, total=1, tell=False)
    services.intents_resolve(at=house.at + timedelta(seconds=20))
    assert not selectors.charge_is_paid(charge.pk)
    assert Payment.objects.get().amount == 1 and Refund.objects.get().amount == 1


def test_an_answer_about_another_order_says_nothing(house: House, unionpay: Sandbox, monkeypatch: Any) -> None:
    _charge, order = prepared(house)
    _other, small = prepared(house)
    unionpay.pay(small.number, tell=False)
    genuine = unionpay.said_of(unionpay._order(small.number)) | {"txnType": "00", "origRespCode": "00"}
    monkeypatch.setattr(unionpay, "_answer", lambda *args: genuine)
    with pytest.raises(base.ChannelUnknown, match="another"):
        UnionPayClient().query(order)


def test_a_number_is_asked_about_under_the_time_it_was_sent(house: House, unionpay: Sandbox) -> None:
    _charge, order = prepared(house)
    order.created_at += timedelta(seconds=1)
    with pytest.raises(base.NoSuchOrder):
        UnionPayClient().query(order)


def test_what_happened_after_new_year_has_the_year_after_its_sending() -> None:
    said = {"txnTime": "20261231235950", "traceTime": "0101000005"}
    assert clock.local(client.moment(said)).isoformat() == "2027-01-01T00:00:05+08:00"
    with pytest.raises(base.ChannelUnknown):
        client.moment({"txnTime": "", "traceTime": "0101000005"})


# --- The bill ----------------------------------------------------------------------------------------------------
@pytest.fixture
def one_day(unionpay: Sandbox) -> None:
    """All that happens is of one clearing day and of the same day here, whatever the hour: its last one is UnionPay's next day."""
    late = timedelta(hours=clock.local(clock.now()).hour >= 23).total_seconds()
    unionpay.clock = lambda: clock.now().timestamp() - late


def bill_of(house: House, unionpay: Sandbox) -> Any:
    day = clock.business_day(house.at)
    unionpay.store.run("INSERT OR IGNORE INTO bill_days VALUES (?)", f"{day:%Y-%m-%d}")
    raw = UnionPayClient().bill(day)
    file, _new = bill_import(
        actor=ROBOT, channel="unionpay", raw=raw, name=f"unionpay-{day:%Y%m%d}.csv", at=house.at, day=day
    )
    return day, raw, file


@pytest.mark.usefixtures("one_day")
def test_the_bill_of_a_clearing_day_agrees_with_our_books_on_every_side(house: House, unionpay: Sandbox) -> None:
    charge, _order = paid(house, unionpay)
    paid(house, unionpay, ("LAB-1", 1))
    house.asked_back(charge)
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    day, raw, file = bill_of(house, unionpay)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        zm = next(name for name in archive.namelist() if "ZM_" in name)
        assert {len(line) for line in archive.read(zm).splitlines()} == {607}
    assert file.totals["paid"] == 7050 and file.totals["refunded"] == 5000 and file.day == day
    run = recon_run(actor=ROBOT, channel="unionpay", day=day, at=house.at, file_id=file.pk)
    assert run.matched == 3 and not run.differences, run.differences
    assert run.totals["channel_net"] == run.totals["platform_net"] == 2050


def test_money_of_the_last_hour_is_in_the_next_clearing_day_and_nobody_is_alarmed(
    house: House, unionpay: Sandbox
) -> None:
    """UnionPay's day ends at 23:00 (PAY-05): on its own day such a payment is in transit, the next day's bill has it."""
    day = clock.business_day(house.at) - timedelta(days=2)
    late = clock.day_bounds(day)[1] - timedelta(minutes=30)
    _charge, order = prepared(house)
    unionpay.pay(order.number, at=late.timestamp())
    unionpay.notifier.deliver_due(everything=True)
    BillFetch.objects.create(channel="unionpay", day=day, no_bill=True, done_at=house.at, next_try_at=house.at)
    assert recon_run(actor=ROBOT, channel="unionpay", day=day, at=house.at).differences == {"D6": 1}
    assert ReconCase.objects.get().status == "carried"
    after = clock.day_bounds(day + timedelta(days=1))[0]
    lines = unionpay.bill_lines(after)
    assert len(lines) == 1 and not unionpay.bill_lines(clock.day_bounds(day)[0])
    raw = bills.render(unionpay.keys.mer_id, after, lines)[1]
    bill_import(actor=ROBOT, channel="unionpay", raw=raw, name="u.zip", at=house.at, day=day + timedelta(days=1))
    runs = recon_again(actor=ROBOT, channel="unionpay", day=day + timedelta(days=1), at=house.at)
    assert all(run.differences == {"D6": 1} for run in runs)
    assert set(ReconCase.objects.values_list("status", flat=True)) == {"done"}


def test_a_day_without_movement_has_no_bill_and_one_with_money_waits_for_it(house: House, unionpay: Sandbox) -> None:
    """UnionPay says of both that there is no such file."""
    today = clock.business_day(house.at)
    with pytest.raises(base.NoBill):
        UnionPayClient().bill(today - timedelta(days=9))
    paid(house, unionpay)
    clearing = today + timedelta(days=clock.local(house.at).hour >= 23)
    with pytest.raises(base.BillNotReady):
        UnionPayClient().bill(clearing)


@pytest.mark.usefixtures("one_day")
def test_a_refund_made_in_the_console_is_found_by_the_bill(house: House, unionpay: Sandbox) -> None:
    _charge, order = paid(house, unionpay)
    unionpay.console_refund(order.number, 5000)
    assert unionpay.notifier.deliver_due(everything=True) == 0  # nobody tells us
    day, _raw, file = bill_of(house, unionpay)
    run = recon_run(actor=ROBOT, channel="unionpay", day=day, at=house.at, file_id=file.pk)
    assert run.differences == {"D8": 1} and ReconCase.objects.get().reason == "refund-unknown-here"
    assert ReconRun.objects.count() == 1


def test_a_damaged_file_of_the_answer_is_no_bill(house: House, unionpay: Sandbox, monkeypatch: Any) -> None:
    for content in ("", "%%%", "QUFBQQ=="):
        with pytest.raises(base.ChannelUnknown, match="bill"):
            client._unpacked(content)


# --- The wire ----------------------------------------------------------------------------------------------------
def test_an_answer_is_cut_at_ampersands_outside_of_brackets() -> None:
    said = "respMsg=成功[a&b]&reserved={x=1&y={2&3}}&empty=&signature=AB+/=="
    assert wire.parsed(said) == {
        "respMsg": "成功[a&b]",
        "reserved": "{x=1&y={2&3}}",
        "empty": "",
        "signature": "AB+/==",
    }
    assert wire.parsed("") == {} and wire.parsed("open={1&b=2")["open"] == "{1&b=2"


def test_the_signed_text_is_written_as_unionpay_publishes_it() -> None:
    """Sorted pairs, their SHA-256 in small hexadecimal letters: the digest computed by hand with sha256sum."""
    assert wire.digest({"b": "2", "a": "中", "signature": "x"}) == (
        b"84c650fea8c97d5251a8c21db8d3242b26c26ca44a5843ef5fec6d2b677bcfd5"
    )
