"""Truths of emergency openings (SEC-10); each query finds what breaks one."""

from hospital.kit.invariants import register


def register_all() -> None:
    """Called once, from wiring."""
    register(
        "workstation.emergency_is_told_and_written_down",
        "SEC-10, G15",
        "SELECT access.id FROM workstation_emergencyaccess AS access WHERE access.relation_id IS NULL OR NOT EXISTS ("
        "SELECT 1 FROM audit_entry AS entry WHERE entry.action = 'emergency.open' "
        "AND entry.subject_id = access.id::text AND entry.patient_id = access.patient_id)",
    )
    register(
        "workstation.break_glass_relation_has_its_opening",
        "SEC-10",
        "SELECT relation.id FROM organisation_carerelation AS relation WHERE relation.because = 'break-glass' "
        "AND NOT EXISTS (SELECT 1 FROM workstation_emergencyaccess AS access WHERE access.relation_id = relation.id)",
    )
    register(
        "workstation.judged_by_somebody_else",
        "SEC-10",
        "SELECT id FROM workstation_emergencyaccess "
        "WHERE (status = 'waiting') <> (reviewed_by_id IS NULL) OR reviewed_by_id = staff_id",
    )
