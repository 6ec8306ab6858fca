"""Refusals of billing that a person can meet."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Problem


class NoPrice(Problem):
    code = "PAY-16-no-price"
    title = _("There is no price for %(code)s today")
    next_step = _("Ask the price office to add it to the price list.")


class NothingToCharge(Problem):
    code = "PAY-16-no-lines"
    status = 422
    title = _("There is nothing to charge")
    next_step = _("Choose at least one item.")


class NotPayable(Problem):
    code = "PAY-11-not-payable"
    title = _("This bill can't be paid any more")
    next_step = _("Reload the page. If it expired, please book or order again.")


class NotPaid(Problem):
    code = "PAY-09-not-paid"
    title = _("Nothing was paid for this bill")
    next_step = _("Only what was paid can be refunded.")


class RefundTooMuch(Problem):
    code = "PAY-09-too-much"
    title = _("More can't be refunded than was paid")
    next_step = _("Look at the refunds of this bill; part of it is on its way back already.")


class RefundRefused(Problem):
    code = "PAY-09-executed"
    title = _("This can't be refunded: it was carried out, dispensed or used")
    next_step = _("Please talk to the department; the order has to be cancelled there first.")


class InsuredWhole(Problem):
    code = "PAY-10-insured-whole"
    title = _("An insured bill goes back whole")
    next_step = _("Refund all of it; what remains is charged and settled with the insurer anew.")


class InsuredOne(Problem):
    code = "PAY-12-one-bill"
    status = 422
    title = _("The insurer settles one bill at a time")
    next_step = _("Choose one bill for medical insurance, and pay the others afterwards.")


class InsuredDocument(Problem):
    code = "PAY-13-document"
    status = 422
    title = _("Medical insurance needs the patient's identity card")
    next_step = _(
        "Please pay another way, or have the visit card linked to the identity card at the registration desk."
    )


class InsuredOther(Problem):
    code = "PAY-13-other-person"
    status = 403
    title = _("The insurance code belongs to somebody else")
    next_step = _("Open the insurance code of the patient whom this bill is for. Nothing was charged.")


class InsuredAgain(Problem):
    code = "PAY-13-consent-used"
    status = 403
    title = _("This consent was given for another bill")
    next_step = _("Open the insurance code once more from this bill's own page. Nothing was charged.")


class InsuredNeedsWeChat(Problem):
    code = "PAY-12-in-wechat"
    status = 422
    title = _("Your own part is paid in WeChat")
    next_step = _("Scan the code below with WeChat and go on there.")


class InsuredNotReady(Problem):
    code = "PAY-12-not-ready"
    title = _("The insurer's figures aren't there yet")
    next_step = _("Authorise with the insurance code first.")


class SamePerson(Problem):
    code = "PAY-05-same-person"
    title = _("A second person must approve this")
    next_step = _("Ask a colleague to approve it: nobody approves their own request.")


class OtherRequest(Problem):
    code = "PAY-02-other-request"
    status = 422
    title = _("The same key was used for another request")
    next_step = _("Send a new request with a new key.")


class ChannelSaysNo(Problem):
    code = "PAY-02-channel-refused"
    title = _("The payment channel did not accept this order (%(said)s)")
    next_step = _("Nothing was charged. Please try again or choose another way to pay.")


class ChannelSilent(Problem):
    code = "PAY-02-channel-silent"
    status = 503
    title = _("The payment channel does not answer at the moment")
    next_step = _("Nothing is lost. Please try again in a moment; if you have paid, it will show here by itself.")


class ShiftOpen(Problem):
    code = "PAY-05-shift-open"
    title = _("Your shift is open already")
    next_step = _("Count and close it before you open the next one.")


class ShiftClosed(Problem):
    code = "PAY-05-shift-closed"
    title = _("This shift is closed")
    next_step = _("Money that moves now belongs to the next shift.")


class CountWrong(Problem):
    code = "PAY-05-count-wrong"
    status = 422
    title = _("This isn't an amount that a drawer can hold")
    next_step = _("Type what you counted in yuan, for example 1250.50.")


class ReasonMissing(Problem):
    code = "PAY-05-reason-missing"
    status = 422
    title = _("The count differs from the books")
    next_step = _("Count once more. If it stays so, say why; a second person will look.")


class SlipWrong(Problem):
    code = "PAY-02-slip-wrong"
    status = 422
    title = _("The numbers of the slip aren't complete")
    next_step = _("Type the 12-digit reference number and the 8-character terminal number from the slip.")


class SlipUsed(Problem):
    code = "PAY-02-slip-used"
    title = _("This slip was entered before")
    next_step = _("Each slip pays once. Look at the slip again.")
