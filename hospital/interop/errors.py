"""Refusals of hospital.interop. Laboratories read them in the acknowledgement, staff on the page of messages."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Problem


class MessageUnreadable(Problem):
    code = "hl7-unreadable"
    status = 422
    title = _("The message can't be read: %(why)s")
    next_step = _("Tell the supplier of the sending system.")


class MessageNotForUs(Problem):
    code = "hl7-not-for-us"
    status = 422
    title = _("Messages of this kind are not taken: %(kind)s")
    next_step = _("Take this kind out of the sender's list.")


class NumberReused(Problem):
    code = "hl7-number-reused"
    title = _("This message number was used for another message")
    next_step = _("Every message needs a number of its own (MSH-10).")


class PatientUnknown(Problem):
    code = "hl7-patient-unknown"
    status = 404
    title = _("No patient has this record number")
    next_step = _("Correct the record number in the laboratory, or register the patient and try again.")


class PatientMismatch(Problem):
    code = "hl7-patient-mismatch"
    title = _("The record number is another person's: %(which)s differ")
    next_step = _("Compare record number, name and date of birth with the request form; nothing was filed.")


class PatientUnproved(Problem):
    code = "hl7-patient-unproved"
    status = 422
    title = _("The message has neither name nor date of birth to check the record number by")
    next_step = _("The laboratory has to send the name (PID-5) or the date of birth (PID-7).")


class NothingToFile(Problem):
    code = "hl7-no-result"
    status = 422
    title = _("The message has no result")
    next_step = _("The laboratory has to send at least one OBX with a value.")


class InternalError(Problem):
    code = "hl7-internal"
    status = 500
    title = _("Our own program failed on this message")
    next_step = _("Tell the system administrator; the message is kept and can be tried again.")


class BundleUnreadable(Problem):
    code = "fhir-unreadable"
    status = 422
    title = _("The file isn't a FHIR R4 bundle: %(why)s")
    next_step = _("Ask the other institution to export the patient's record as a FHIR R4 bundle.")


class BundleElsewhere(Problem):
    code = "fhir-other-patient"
    title = _("These facts are on another patient's record already: %(count)d")
    next_step = _("Check the record number; the same history can't belong to two people.")
