"""Rules by which anybody may come in without signing in. Short on purpose: each line is read at every review (G12).

A public rule that isn't here, or a name here without a public rule, fails `manage.py check`.
"""

PUBLIC_ROUTES = frozenset(
    {
        "api.docs",
        "api.schema",
        "appointments.api.doctors",
        "appointments.api.periods",
        "appointments.api.sessions",
        "appointments.doctor",
        "appointments.doctors",
        "appointments.hall",
        "appointments.kiosk",
        "appointments.kiosk_check_in",
        "appointments.kiosk_leave",
        "appointments.kiosk_pay",
        "appointments.kiosk_pay_state",
        "appointments.kiosk_slip",
        "appointments.kiosk_visits",
        "appointments.room",
        "billing.api.prices",
        "billing.back.unionpay",
        "billing.notify.alipay",
        "billing.notify.insurance",
        "billing.notify.unionpay",
        "billing.notify.wechat",
        "billing.receipt_check",
        "billing.prices",
        "health.live",
        "health.ready",
        "people.enrol",
        "people.second_factor",
        "people.sign_in",
        "people.sign_in_code",
        "people.sign_in_password",
        "people.staff_sign_in",
        "people.wechat",
        "people.wechat_back",
        "portal.about",
        "portal.care_mode",
        "portal.home",
        "portal.language",
        "styleguide",
    }
)
