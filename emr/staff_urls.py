"""Staff pages of emr, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from .views import desks, note, orders, patient_orders

app_name = "emr_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("encounters/<int:pk>/", note.encounter, name="encounter"),
    path("encounters/<int:pk>/save/", note.save, name="save"),
    path("encounters/<int:pk>/merge/", note.merge, name="merge"),
    path("encounters/<int:pk>/sign/", note.sign, name="sign"),
    path("encounters/<int:pk>/amend/", note.amend, name="amend"),
    path("encounters/<int:pk>/ask-amendment/", note.amendment_ask, name="amendment_ask"),
    path("encounters/<int:pk>/allergies/", note.allergies, name="allergies"),
    path("encounters/<int:pk>/close/", note.close, name="close"),
    path("encounters/<int:pk>/orders/", orders.place, name="orders"),
    path("encounters/<int:pk>/prescription/", orders.prescribe, name="prescribe"),
    path("orders/<int:pk>/cancel/", orders.cancel, name="order_cancel"),
    path("prescriptions/<int:pk>/void/", orders.void, name="prescription_void"),
    path("specimens/", patient_orders.specimens, name="specimens"),
    path("specimens/<int:pk>/take/", patient_orders.specimen_take, name="specimen_take"),
    path("icd10/", note.icd10, name="icd10"),
    path("results/", desks.results, name="results"),
    path("results/<int:pk>/", desks.result, name="result"),
    path("results/<int:pk>/release/", desks.release, name="release"),
    path("results/<int:pk>/acknowledge/", desks.acknowledge, name="acknowledge"),
    path("results/<int:pk>/review/", desks.review_result, name="review_result"),
    path("pharmacy/", desks.pharmacy, name="pharmacy"),
    path("pharmacy/<int:pk>/", desks.pharmacy_one, name="pharmacy_one"),
    path("pharmacy/<int:pk>/take/", desks.take, name="take"),
    path("pharmacy/<int:pk>/review/", desks.review, name="review"),
    path("pharmacy/<int:pk>/dispense/", desks.dispense, name="dispense"),
    path("pharmacy/<int:pk>/send/", desks.send, name="send"),
    path("pharmacy/<int:pk>/hand-over/", desks.hand_over, name="hand_over"),
    path("patients/", desks.patients, name="patients"),
    path("patients/<int:pk>/", desks.patient, name="patient"),
    path("patients/<int:pk>/360/", desks.patient_360, name="patient_360"),
    path("patients/<int:pk>/problems/", desks.problem, name="problem"),
    path("amendments/", desks.amendments, name="amendments"),
    path("amendments/<int:pk>/", desks.amendment_decide, name="amendment_decide"),
]
