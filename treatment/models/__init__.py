"""Treatment: what can be given and where, courses and their sessions, follow-up."""

from .catalogue import FollowUpPlan, Machine, MachineBlock, TreatmentItem
from .courses import Assessment, Clearance, ClearanceKind, Course, Session, SessionRecord
from .follow_up import Alarm, FollowUpTask

__all__ = [
    "Alarm",
    "Assessment",
    "Clearance",
    "ClearanceKind",
    "Course",
    "FollowUpPlan",
    "FollowUpTask",
    "Machine",
    "MachineBlock",
    "Session",
    "SessionRecord",
    "TreatmentItem",
]
