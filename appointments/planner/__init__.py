"""Fewest trips for several exams, and why (A6, AP-13). Pure: needs and rules in, a plan out; proved against brute force
in tests/appointments/test_planner.py.

    found = plan(needs, rules=rules, fixed=what_is_booked_already, walk=timedelta(minutes=15))
"""

from .model import Appointment, Fixed, Need, Plan, Reason, Rule, Slot, Stop, apart
from .search import plan

__all__ = ["Appointment", "Fixed", "Need", "Plan", "Reason", "Rule", "Slot", "Stop", "apart", "plan"]
