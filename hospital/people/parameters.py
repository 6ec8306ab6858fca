"""Limits of hospital.people; the hospital may set other values from a day on (rules G-1)."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

IDLE_MINUTES_STAFF = Parameter(
    "people.idle_minutes_staff", int, 15, source="SEC-03", title=_("Minutes until an unused staff session ends")
)
IDLE_MINUTES_PATIENT = Parameter(
    "people.idle_minutes_patient", int, 30, source="SEC-03", title=_("Minutes until an unused patient session ends")
)
FRESH_MINUTES = Parameter(
    "people.fresh_minutes", int, 10, source="SEC-01", title=_("Minutes for which a proof of identity stays fresh")
)

CODE_MINUTES = Parameter("people.code_minutes", int, 5, source="G20", title=_("Minutes for which a code is good"))
CODE_TRIES = Parameter("people.code_tries", int, 5, source="G20", title=_("Tries for one code"))
GUESSES_PER_HOUR = Parameter(
    "people.guesses_per_hour", int, 25, source="G20", title=_("Tries of codes for one phone in an hour")
)
CODES_PER_MINUTE = Parameter("people.codes_per_minute", int, 1, source="G21", title=_("Codes to one phone in a minute"))
CODES_PER_HOUR = Parameter("people.codes_per_hour", int, 5, source="G21", title=_("Codes to one phone in an hour"))
CODES_PER_DAY = Parameter("people.codes_per_day", int, 10, source="G21", title=_("Codes to one phone in a day"))
CODES_PER_ADDRESS = Parameter(
    "people.codes_per_address", int, 30, source="G21", title=_("Codes asked for from one address in an hour")
)
CODES_OF_ALL = Parameter("people.codes_of_all", int, 3000, source="G21", title=_("Codes to everybody in an hour"))
FAILURES_PER_ACCOUNT = Parameter(
    "people.failures_per_account", int, 5, source="SEC-02", title=_("Failed sign-ins of one account in 15 minutes")
)
# Higher than for one account: a whole clinic comes from one address.
FAILURES_PER_ADDRESS = Parameter(
    "people.failures_per_address", int, 20, source="G23", title=_("Failed sign-ins from one address in 15 minutes")
)
PROFILES = Parameter("people.profiles", int, 5, source="AP-04", title=_("People whom one account may act for"))
GUARDIAN_AGE = Parameter(
    "people.guardian_age", int, 14, source="SEC-07", title=_("Age below which a guardian consents"), unit="a"
)
TOKEN_DAYS = Parameter(
    "people.token_days",
    int,
    366,
    source="SEC-01",
    title=_("Days for which a program's key may be good at most"),
    unit="d",
)
EXPORT_ROWS = Parameter(
    "people.export_rows", int, 5000, source="SEC-09", title=_("Lines of the audit trail in one export at most")
)
