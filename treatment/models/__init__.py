"""Treatment: what can be given and where, courses and their sessions, follow-up."""

from .catalogue import FollowUpPlan, Machine, MachineBlock, TreatmentItem
from .courses import Assessment, Category, Clearance, ClearanceKind, Course, Session, SessionRecord
from .follow_up import Alarm, FollowUpTask
from .outages import Displaced, Outage
from .safety import Hold, HoldReason, Interruption, Review, Screening, Way

__all__ = [
    "Alarm",
    "Assessment",
    "Category",
    "Clearance",
    "ClearanceKind",
    "Course",
    "Displaced",
    "FollowUpPlan",
    "FollowUpTask",
    "Hold",
    "HoldReason",
    "Interruption",
    "Machine",
    "MachineBlock",
    "Outage",
    "Review",
    "Screening",
    "Session",
    "SessionRecord",
    "TreatmentItem",
    "Way",
]
