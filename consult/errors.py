"""Every refusal of consult that a person can meet."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Problem


class FirstVisit(Problem):
    code = "IH-01"
    title = _("Online visits are for patients whose illness was diagnosed at a hospital before")
    next_step = _("Please book a visit at the hospital first; or show the record of another hospital.")


class DiagnosisMismatch(Problem):
    code = "IH-01-diagnosis"
    title = _("The diagnosis %(code)s isn't the one that was made at a hospital before")
    next_step = _("End this visit and ask the patient to come to the hospital.")


class EvidenceOpen(Problem):
    code = "IH-01-evidence"
    title = _("The evidence of the earlier diagnosis isn't confirmed yet")
    next_step = _("Read it, give its diagnosis a code and confirm it, or decline the visit.")


class NoDiagnosis(Problem):
    code = "IH-01-no-diagnosis"
    status = 422
    title = _("A diagnosis comes first")
    next_step = _("Enter the main diagnosis in the note.")


class AdviceOnly(Problem):
    code = "IH-03"
    status = 403
    title = _("Health advice knows no diagnosis, order or prescription")
    next_step = _("Ask the patient to apply for a return visit.")


class RealNameNeeded(Problem):
    code = "IH-04"
    status = 403
    title = _("The patient's real name must be proved first")
    next_step = _("Prove the real name of this family member; it takes a minute.")


class GuardianNeeded(Problem):
    code = "IH-06"
    status = 422
    title = _("For a child under %(age)d a guardian must be present and a paediatrician must prescribe")
    next_step = _("Confirm the guardian in the visit, or ask the family to come to the hospital.")


class ConsentNeeded(Problem):
    code = "IH-10"
    title = _("The consent to online visits isn't signed yet")
    next_step = _("Read it and sign it, then go on.")


class ConsentChanged(Problem):
    code = "IH-10-changed"
    title = _("The consent has a new version")
    next_step = _("Please read the present text before you sign.")


class FormNeeded(Problem):
    code = "consult-form"
    title = _("The questions before the visit aren't answered yet")
    next_step = _("Answer them first: your doctor reads them before the talk.")


class NotThisSession(Problem):
    code = "consult-session"
    title = _("This isn't an online session of the doctor you chose")
    next_step = _("Choose a time of this doctor's online sessions.")


class NotTalking(Problem):
    code = "consult-not-talking"
    title = _("This talk isn't open")
    next_step = _("Look at the visit's page for its present state.")


class TextRefused(Problem):
    code = "consult-text"
    status = 422
    audited = False
    title = _("A line has 1 to %(most)d characters")
    next_step = _("Shorten it, or send it in two parts.")


class TooFast(Problem):
    code = "consult-too-fast"
    status = 429
    audited = False
    title = _("That was very fast")
    next_step = _("Wait a moment, then go on.")


class TooManyPictures(Problem):
    code = "consult-pictures"
    title = _("A talk takes %(most)d pictures at most")
    next_step = _("Describe the rest in words, or ask the doctor which picture matters most.")


class UnderWay(Problem):
    code = "consult-under-way"
    title = _("The doctor has begun this visit")
    next_step = _("Tell the doctor in the talk; only the doctor can end it now.")
