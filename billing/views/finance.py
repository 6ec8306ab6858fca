"""The finance office: the day as a balance on one page, differences as cases, refunds that need a second person."""

import contextlib
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.problems import NotFound, Problem

from .. import selectors, services
from ..forms import BankCreditForm, BillUpload, CaseProposal, Reason, ReopenForm
from ..models import Channel
from ..reporting.balance import day_balance
from ..reporting.words import evidence, reason_explained, reason_title
from ..reporting.worklist import case_after
from ..services import bills, cases, credit, recon
from .reports import day_asked

FINANCE = {Role.FINANCE}
MAX_BILL = 20 * 1024 * 1024


def _channel(text: str | None) -> str:
    """The channel asked for; WeChat Pay when none was. Raises NotFound for one that has no bills."""
    channel = text or Channel.WECHAT.value
    if channel not in bills.READERS:
        raise NotFound
    return channel


def _back(day: date, channel: str = Channel.WECHAT) -> HttpResponse:
    return redirect(f"{reverse('billing_staff:finance')}?day={day}&channel={channel}")


@rule("billing.finance", FINANCE)
def finance(request: HttpRequest) -> HttpResponse:
    return _page(request, day_asked(request.GET.get("day")), _channel(request.GET.get("channel")))


def _page(
    request: HttpRequest, day: date, channel: str, *, form: Any = None, credit_form: Any = None, status: int = 200
) -> HttpResponse:
    balance = day_balance(actor_of(request), day, channel, at=clock.now())
    context = {
        "day": day, "before": day - timedelta(days=1), "after": day + timedelta(days=1), "balance": balance,
        "upload": form or BillUpload(), "is_past": day < clock.today(), "today": clock.today(), "channel": channel,
        "channel_label": Channel(channel).label, "channels": [(code, Channel(code).label) for code in bills.READERS],
        "credit_form": credit_form or BankCreditForm(), "reopen_form": ReopenForm(),
    }  # fmt: skip
    return render(request, "billing/finance.html", context, status=status)


@rule("billing.finance_run", FINANCE, methods=["POST"])
def run(request: HttpRequest) -> HttpResponse:
    """Compare the day again with the bill received last."""
    day, channel = day_asked(request.POST.get("day")), _channel(request.POST.get("channel"))
    try:
        recon.recon_run(actor=actor_of(request), channel=channel, day=day, at=clock.now())
    except recon.BillAwaited as problem:
        messages.warning(request, problem.reason)
    return _back(day, channel)


@rule("billing.finance_upload", FINANCE, methods=["POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """A bill by hand, when the channel's download failed; refused whole or taken whole."""
    day, channel = day_asked(request.POST.get("day")), _channel(request.POST.get("channel"))
    form = BillUpload(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, day, channel, form=form, status=422)
    sent, actor, at = form.cleaned_data["file"], actor_of(request), clock.now()
    if sent.size > MAX_BILL:
        form.add_error("file", _("The file is larger than 20 MB."))
        return _page(request, day, channel, form=form, status=422)
    try:
        file, new = bills.bill_import(actor=actor, channel=channel, raw=sent, name=sent.name, at=at, day=day)
    except bills.FileRefused as refusal:
        form.add_error("file", refusal.reason)
        return _page(request, day, channel, form=form, status=422)
    recon.recon_run(actor=actor, channel=channel, day=day, at=at)
    messages.success(request, _("%(rows)d lines, footer proved") % {"rows": file.row_count} if new
                     else _("This very file is here already"))  # fmt: skip
    return _back(day, channel)


@rule("billing.bank_credit", FINANCE, methods=["POST"])
def bank_credit(request: HttpRequest) -> HttpResponse:
    """What the bank credited for this day: the last link from the bill to the account."""
    day, channel = day_asked(request.POST.get("day")), _channel(request.POST.get("channel"))
    form, actor, at = BankCreditForm(request.POST), actor_of(request), clock.now()
    if not form.is_valid():
        return _page(request, day, channel, credit_form=form, status=422)
    given = form.cleaned_data
    try:
        credit.bank_credit_record(
            actor=actor, channel=channel, day=day, amount=int(given["amount"] * 100), reference=given["reference"],
            credited_on=given["credited_on"], at=at,
        )  # fmt: skip
    except (credit.CreditKnown, credit.CreditZero) as problem:
        form.add_error("reference", problem.reason)
        return _page(request, day, channel, credit_form=form, status=problem.status)
    with contextlib.suppress(recon.BillAwaited):  # kept, and compared when the bill is here
        recon.recon_run(actor=actor, channel=channel, day=day, at=at)
    return _back(day, channel)


@rule("billing.case", FINANCE, subject="recon_case")
def case_page(request: HttpRequest, case_id: int) -> HttpResponse:
    return _case(request, case_id)


def _case(request: HttpRequest, case_id: int, *, form: Any = None, problem: Problem | None = None) -> HttpResponse:
    case = selectors.case_for(actor_of(request), case_id)
    actor = actor_of(request)
    context = {
        "case": case, "form": form or CaseProposal(initial={"action": selectors.usual_action(case)}), "problem": problem,
        "evidence": evidence(case), "title": reason_title(case.reason), "explained": reason_explained(case.reason),
        "mine": case.proposed_by_account_id == actor.account_id,
        "owned": case.owner_id is not None and case.owner_id == actor.staff_id, "people": selectors.case_people(case),
        "next_case": case_after(actor, case),
    }  # fmt: skip
    return render(request, "billing/case.html", context, status=problem.status if problem else 200)


@rule("billing.case_take", FINANCE, methods=["POST"], subject="recon_case")
def case_take(request: HttpRequest, case_id: int) -> HttpResponse:
    cases.case_take(actor=actor_of(request), case_id=case_id, at=clock.now())
    return redirect("billing_staff:case", case_id=case_id)


@rule("billing.case_propose", FINANCE, methods=["POST"], subject="recon_case_work")
def case_propose(request: HttpRequest, case_id: int) -> HttpResponse:
    form = CaseProposal(request.POST)
    if not form.is_valid():
        return _case(request, case_id, form=form)
    try:
        cases.case_propose(actor=actor_of(request), case_id=case_id, at=clock.now(), **form.cleaned_data)
    except cases.NoAction as problem:
        return _case(request, case_id, form=form, problem=problem)
    return redirect("billing_staff:case", case_id=case_id)


@rule("billing.case_decide", FINANCE, methods=["POST"], subject="recon_case_work")
def case_decide(request: HttpRequest, case_id: int) -> HttpResponse:
    """The second person: let it pass, or send it back."""
    actor, at = actor_of(request), clock.now()
    selectors.case_for(actor, case_id)
    try:
        if request.POST.get("decision") == "approve":
            cases.case_approve(actor=actor, case_id=case_id, at=at)
        else:
            cases.case_send_back(actor=actor, case_id=case_id, note=request.POST.get("note", ""), at=at)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _case(request, case_id, problem=problem)
    return redirect("billing_staff:case", case_id=case_id)


@rule("billing.refunds", FINANCE)
def refunds(request: HttpRequest) -> HttpResponse:
    """What waits for a second person, and what the channel refused."""
    waiting, failed = selectors.refund_queue(actor_of(request))
    return render(request, "billing/refunds.html", {"waiting": waiting, "failed": failed, "form": Reason()})


@rule("billing.refund_decide", FINANCE, methods=["POST"], subject="big_refund")
def refund_decide(request: HttpRequest, refund_id: int) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    if request.POST.get("decision") == "approve":
        services.refund_approve(actor=actor, refund_id=refund_id, at=at)
    else:
        reason = request.POST.get("reason", "").strip()[:80] or str(_("Not approved"))
        services.refund_reject(actor=actor, refund_id=refund_id, at=at, reason=reason)
    return redirect("billing_staff:refunds")
