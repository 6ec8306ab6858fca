"""Every refusal of emr that a user can meet."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Problem


class EncounterClosed(Problem):
    code = "encounter-closed"
    title = _("This visit is closed")
    next_step = _("Open a new visit, or amend the signed note.")


class NotYourEncounter(Problem):
    code = "MR-01-not-the-author"
    status = 403
    title = _("Only the treating doctor may do this")
    next_step = _("Ask the doctor of this visit. Nobody signs for another.")


class NotLicensed(Problem):
    code = "MR-01-not-licensed"
    status = 403
    title = _("You have no doctor's licence on file")
    next_step = _("Ask the medical affairs office to enter your licence number.")


class NoteConflict(Problem):
    """G11: carries nothing personal itself; the page shows both texts."""

    code = "note-conflict"
    status = 409
    audited = False
    title = _("Somebody saved this note after you opened it")
    next_step = _("Both texts are shown. Choose what stays and save again.")

    def __init__(self, *, revision: int) -> None:
        self.revision = revision
        super().__init__()


class NoteSigned(Problem):
    code = "MR-02-note-signed"
    title = _("This note is signed and doesn't change any more")
    next_step = _("Write an amendment with its reason.")


class AmendmentNeedsApproval(Problem):
    code = "MR-03-note-archived"
    title = _("This note is archived")
    next_step = _("Ask the records office for leave to amend it, with your reason.")


class ReasonMissing(Problem):
    code = "reason-missing"
    status = 422
    title = _("Please give the reason")
    next_step = _("A change of a signed record needs a reason that stays with it.")


class QualityRefusal(Problem):
    """Rules of class A that hold at signing (rules section 5); `fields` names each with its next step."""

    code = "QC-A"
    status = 422
    title = _("The note can't be signed yet")
    next_step = _("Mend the marked points; everything typed is kept.")


class ChainBroken(Problem):
    code = "MR-04-chain-broken"
    status = 500
    title = _("The chain of signed records doesn't verify")
    next_step = _("Nothing was signed. Tell the records office and the system administrator at once.")


class UnknownItem(Problem):
    code = "order-unknown-item"
    status = 422
    title = _("%(code)s can't be ordered here")
    next_step = _("Choose an item from the list.")


class NothingOrdered(Problem):
    code = "order-empty"
    status = 422
    title = _("Nothing was chosen")
    next_step = _("Choose at least one item.")


class WrongSexForItem(Problem):
    code = "Q14-sex"
    status = 422
    title = _("%(name)s isn't for this patient's sex")
    next_step = _("Check the patient and the item.")


class OrderNotPaid(Problem):
    code = "order-not-paid"
    title = _("This order isn't paid yet")
    next_step = _("Ask the patient to pay on the phone or at the cash desk, then scan the slip again.")


class OrderUnderWay(Problem):
    code = "order-under-way"
    title = _("This has been carried out already")
    next_step = _("It can't be taken back any more. Ask the department that did it.")


class DiagnosisMissing(Problem):
    code = "Q04-diagnosis-missing"
    status = 422
    title = _("A diagnosis comes first")
    next_step = _("Enter the main diagnosis in the note, then order or prescribe.")


class WrongPatient(Problem):
    """A report whose patient isn't the one of the order that it names: never filed, never guessed."""

    code = "report-wrong-patient"
    title = _("The report's patient isn't the order's")
    next_step = _("Ask the laboratory to check the order number and the patient.")


class UnknownOrder(Problem):
    code = "report-unknown-order"
    status = 404
    title = _("No order has this number")
    next_step = _("Ask the laboratory to check the order number.")


class NotReleasable(Problem):
    code = "report-alert-open"
    title = _("A critical value waits for your answer")
    next_step = _("Say what was done about it, then release the report.")


class TooManyDrugs(Problem):
    code = "RX-04"
    status = 422
    title = _("A prescription holds at most %(most)d drugs")
    next_step = _("Write a second prescription.")


class TooManyDays(Problem):
    code = "RX-02"
    status = 422
    title = _("%(name)s is for %(days)d days; without a reason it may be %(most)d")
    next_step = _("Shorten it, or write why the patient needs it for longer.")


class LongerThanAllowed(Problem):
    code = "RX-03"
    status = 422
    title = _("%(name)s is for %(days)d days; %(most)d are the most there can be")
    next_step = _("Shorten it.")


class ForbiddenSource(Problem):
    code = "IH-09"
    status = 422
    title = _("A line must be written, taken from your own template or copied by the doctor")
    next_step = _("Write the line yourself.")


class FieldsMissing(Problem):
    code = "RX-06"
    status = 422
    title = _("The prescription isn't complete")
    next_step = _("Fill the marked fields; 'as directed' is no usage.")


class DrugRefused(Problem):
    """A hard stop of the drug checks (DS-14)."""

    code = "DS-14"
    status = 422
    title = _("This drug can't be prescribed for this patient")
    next_step = _("Choose another drug, or correct the record it speaks of.")


class WarningsOpen(Problem):
    """Soft warnings that need a reason (DS-14)."""

    code = "DS-14-warnings"
    status = 422
    title = _("There are warnings about this prescription")
    next_step = _("Change it, or say why you go on; the pharmacist will read it.")


class NotOnline(Problem):
    code = "IH-07"
    status = 422
    title = _("%(name)s may not be prescribed online")
    next_step = _("Ask the patient to come to the clinic for it.")


class SpecialClass(Problem):
    code = "RX-05"
    status = 422
    title = _("%(name)s needs the special paper prescription of the clinic")
    next_step = _("Write it at the clinic on the form for its class.")


class SelfReview(Problem):
    code = "RX-09-own"
    status = 403
    title = _("Nobody reviews a prescription of one's own")
    next_step = _("Leave it to another pharmacist.")


class TakenByAnother(Problem):
    code = "RX-09-taken"
    title = _("Another pharmacist is working on this one")
    next_step = _("Take the next one.")


class MatchesMissing(Problem):
    code = "RX-10"
    status = 422
    title = _("All ten matches must be checked")
    next_step = _("Check the missing ones against the drugs in your hand.")


class PrescriptionExpired(Problem):
    code = "RX-01"
    title = _("This prescription has expired")
    next_step = _("Ask the doctor for a new one.")


class AddressMissing(Problem):
    code = "IH-21"
    status = 422
    title = _("Where should the drugs go?")
    next_step = _("Give the recipient's name, phone and address, or choose to fetch them.")
