"""Staff pages of billing, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from .views import cash, days, finance, receipts, reports, room, worklist

app_name = "billing_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("receipts/", receipts.refused, name="receipts_refused"),
    path("receipts/<int:invoice_id>/retry/", receipts.retry, name="receipt_retry"),
    path("cash/", cash.desk, name="cash_desk"),
    path("cash/find/", cash.find, name="cash_find"),
    path("cash/<int:patient_id>/", cash.patient_page, name="cash_patient"),
    path("cash/<int:patient_id>/take/", cash.take, name="cash_take"),
    path("cash/shift/", cash.shift_begin, name="shift_begin"),
    path("cash/shift/<int:shift_id>/count/", cash.shift_count, name="shift_count"),
    path("cash/shifts/", cash.shift_list, name="shifts"),
    path("cash/shifts/<int:shift_id>/check/", cash.shift_check, name="shift_check"),
    path("cash/refunds/<int:refund_id>/", cash.give_back, name="cash_give_back"),
    path("finance/", finance.finance, name="finance"),
    path("finance/run/", finance.run, name="finance_run"),
    path("finance/upload/", finance.upload, name="finance_upload"),
    path("finance/credit/", finance.bank_credit, name="bank_credit"),
    path("finance/close/", days.close, name="day_close"),
    path("finance/reopen/", days.reopen, name="day_reopen"),
    path("finance/days/", days.days, name="days"),
    path("finance/days/sign/", days.sign, name="day_sign"),
    path("finance/daily/", reports.daily, name="daily"),
    path("finance/daily/export/", reports.daily_export, name="daily_export"),
    path("finance/analysis/", reports.analysis, name="analysis"),
    path("finance/analysis/export/", reports.analysis_export, name="analysis_export"),
    path("finance/cases/", worklist.case_list, name="cases"),
    path("finance/cases/export/", worklist.case_export, name="cases_export"),
    path("finance/cases/<int:case_id>/", finance.case_page, name="case"),
    path("finance/cases/<int:case_id>/take/", finance.case_take, name="case_take"),
    path("finance/cases/<int:case_id>/propose/", finance.case_propose, name="case_propose"),
    path("finance/cases/<int:case_id>/decide/", finance.case_decide, name="case_decide"),
    path("charges/<ids:charge_ids>/qr/", room.room_qr, name="room_qr"),
    path("pay-orders/<str:number>/state/", room.room_state, name="room_state"),
    path("refunds/", finance.refunds, name="refunds"),
    path("refunds/<int:refund_id>/decide/", finance.refund_decide, name="refund_decide"),
]
