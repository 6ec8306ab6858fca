"""The only table of moves of each status in emr."""

from hospital.kit.lifecycle import Lifecycle

ENCOUNTER = Lifecycle("emr.encounter", moves={"open": {"closed"}, "closed": {"archived"}})

NOTE = Lifecycle("emr.note", moves={"draft": {"signed"}, "signed": {"archived"}})

AMENDMENT = Lifecycle("emr.amendment", moves={"asked": {"approved", "refused"}, "approved": {"used"}})

ORDER = Lifecycle(
    "emr.order",
    moves={
        "placed": {"paid", "cancelled"},
        "paid": {"scheduled", "collected", "reported", "cancelled", "stopped"},
        "scheduled": {"paid", "collected", "reported", "cancelled", "stopped"},
        "collected": {"reported", "closed", "stopped"},
        "reported": {"closed"},
    },
)

REPORT = Lifecycle(
    "emr.report",
    moves={
        "received": {"reviewed", "released", "replaced"},
        "reviewed": {"released", "replaced"},
        "released": {"replaced"},
    },
)

# RX-11. "returned" and "refused" are ends: the doctor answers with a new prescription that replaces the old one.
PRESCRIPTION = Lifecycle(
    "emr.prescription",
    moves={
        "draft": {"signed", "void"},
        "signed": {"reviewing", "void", "expired"},
        "reviewing": {"signed", "returned", "refused", "approved", "expired"},
        "returned": {"void"},
        "approved": {"paid", "void", "expired"},
        "paid": {"dispensed", "void"},
        "dispensed": {"delivered"},
    },
)

DELIVERY = Lifecycle(
    "emr.delivery", moves={"pickup": {"arrived", "waiting"}, "waiting": {"sent", "pickup"}, "sent": {"arrived"}}
)

PROBLEM = Lifecycle("emr.problem", moves={"active": {"resolved"}, "resolved": {"active"}})
