"""Truths of hospital.forms that hold after every story and drill."""

from hospital.kit import invariants


def register() -> None:
    invariants.register(
        "forms.handed_in_has_copy",
        "FORMS: what was handed in is kept as it was",
        """SELECT r.id FROM forms_response r WHERE r.status IN ('completed', 'amended') AND NOT EXISTS
           (SELECT 1 FROM forms_responsecopy c WHERE c.response_id = r.id AND c.revision = r.revision
            AND c.answers = r.answers)""",
    )
    invariants.register(
        "forms.version_of_questionnaire",
        "FORMS: an answer is pinned to a version of its own questionnaire",
        """SELECT r.id FROM forms_response r JOIN forms_questionnaireversion v ON v.id = r.version_id
           WHERE v.questionnaire_id <> r.questionnaire_id""",
    )
