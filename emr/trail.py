"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles, reason_words


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "allergy.add": _("noted an allergy"),
            "allergy.none_known": _("noted that no allergy is known"),
            "allergy.resolve": _("took back an allergy"),
            "amendment.ask": _("asked to amend a note"),
            "amendment.decide": _("decided on an amendment"),
            "amendment.worklist": _("looked at the requests to amend"),
            "delivery.choose": _("chose how drugs are handed over"),
            "delivery.send": _("sent drugs"),
            "encounter.close": _("closed a visit"),
            "encounter.open": _("opened a new visit"),
            "encounter.read": _("opened a visit"),
            "note.amend": _("amended a note"),
            "note.sign": _("signed a note"),
            "order.cancel": _("cancelled an order"),
            "order.collect": _("collected a specimen"),
            "order.place": _("placed an order"),
            "order.stop": _("stopped an order"),
            "order.list": _("looked at the list of orders"),
            "order.read": _("opened an order"),
            "order.specimen": _("opened an order to take a specimen"),
            "patient.list": _("looked at the list of patients in care"),
            "prescription.deliver": _("handed over drugs"),
            "prescription.dispense": _("dispensed drugs"),
            "prescription.list": _("looked at the list of prescriptions"),
            "prescription.read": _("opened a prescription"),
            "prescription.review": _("reviewed a prescription"),
            "prescription.sign": _("signed a prescription"),
            "prescription.take": _("took up a prescription"),
            "prescription.void": _("voided a prescription"),
            "prescription.worklist": _("opened the pharmacy's queue"),
            "problem.reopen": _("put a problem back on the list"),
            "problem.resolve": _("took a problem off the list"),
            "record.read": _("opened the record"),
            "report.acknowledge": _("answered a critical value"),
            "report.file": _("filed a report"),
            "report.list": _("looked at the list of reports"),
            "report.read": _("opened a report"),
            "report.release": _("released a report"),
            "report.review": _("reviewed a report"),
            "report.worklist": _("looked at the results to sign"),
        }
    )
    reason_words(
        {
            "patient page": _("patient page"),
            "360 view": _("360 view"),
            "result": _("a result"),
            "prescribing": _("prescribing"),
            "encounter": _("visit"),
        }
    )
