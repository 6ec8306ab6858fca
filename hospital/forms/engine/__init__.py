"""The form engine: pure functions over FHIR R4 Questionnaire and QuestionnaireResponse; no tables, no requests."""
