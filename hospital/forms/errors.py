"""Refusals of hospital.forms."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Invalid, Problem


class AnswersRefused(Invalid):
    """Answers that the questionnaire doesn't allow; `fields` is keyed by linkId."""

    code = "forms-answers"
    audited = False
    title = _("Some answers need another look")
    next_step = _("Correct the marked questions; everything else is kept.")


class ResponseChanged(Problem):
    """Saved in another place since this page was opened: `saved` is what is there now (G11)."""

    code = "forms-changed"
    title = _("This form was also filled in somewhere else")
    next_step = _("Compare both and choose which one to keep. Nothing was lost.")

    def __init__(self, *, saved: list[dict[str, Any]], revision: int) -> None:
        self.saved = saved
        self.revision = revision
        super().__init__()


class ResponseClosed(Problem):
    code = "forms-closed"
    title = _("This form has been handed in")
    next_step = _("Ask your care team if an answer must be corrected.")


class QuestionnaireRefused(Problem):
    """A Questionnaire that can't be used; `fields` says where and why."""

    code = "forms-questionnaire"
    status = 422
    title = _("This questionnaire can't be used")
    next_step = _("Correct the file and import it again.")


class QuestionnaireMissing(Problem):
    code = "forms-no-questionnaire"
    title = _("This form isn't available at present")
    next_step = _("Please call the hospital's service desk.")
