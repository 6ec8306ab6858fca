"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "account.close": _("closed an account"),
            "account.password": _("set a password"),
            "account.reopen": _("opened an account again"),
            "account.reset_ask": _("asked to forget a second factor"),
            "account.reset_approved": _("forgot a second factor"),
            "account.reset_refused": _("refused to forget a second factor"),
            "account.second_factor": _("enrolled an authenticator"),
            "account.sign_out_everywhere": _("signed out on all devices"),
            "account.wechat_bind": _("bound a WeChat account"),
            "account.wechat_unbind": _("unbound a WeChat account"),
            "audit.export": _("exported the audit trail"),
            "audit.search": _("searched the audit trail"),
            "family.add": _("added the person to the family members"),
            "family.revoke": _("removed the person from the family members"),
            "patient.create": _("created the record"),
            "patient.unmask": _("looked at document and phone in full"),
            "patient.verify": _("checked the identity document"),
            "service_token.create": _("made a key for a program"),
            "service_token.revoke": _("ended a program's key"),
            "sign_in.code": _("signed in by code"),
            "sign_in.password": _("gave a password"),
            "sign_in.second_factor": _("gave a second factor"),
            "sign_in.wechat": _("signed in by WeChat"),
            "sign_out": _("signed out"),
        }
    )
