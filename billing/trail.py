"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "bank_credit.record": _("noted a payment by the bank"),
            "bill_file.import": _("read in a bill of the channel"),
            "bill_file.missing": _("missed a bill of the channel"),
            "desk.shift_check": _("checked a cashier's count"),
            "desk.shift_count": _("counted a cash drawer"),
            "day.close": _("closed a day of accounts"),
            "day.close_propose": _("proposed to close a day of accounts"),
            "day.reopen": _("opened a closed day of accounts again"),
            "day.reopen_propose": _("proposed to open a closed day of accounts"),
            "invoice.retry": _("asked for a receipt again"),
            "receipt.read": _("opened a receipt"),
            "payment.take": _("took a payment"),
            "recon.case_approve": _("settled a difference"),
            "recon.case_take": _("took a difference to work on"),
            "security.insurance_of_another": _("showed the insurance code of somebody else"),
            "security.insurance_consent_replayed": _("showed an insurance consent that was given for another bill"),
            "recon.run": _("compared a day with the channel"),
            "finance.analysis": _("looked at the finance analysis"),
            "finance.export": _("exported a finance report"),
            "refund.approve": _("approved a refund"),
            "refund.cash": _("paid a refund in cash"),
            "refund.found": _("found a refund of the channel"),
            "refund.reject": _("rejected a refund"),
            "security.pay_notice_refused": _("sent a false notice of payment"),
        }
    )
