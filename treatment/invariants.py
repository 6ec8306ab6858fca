"""What must always hold of courses, sessions and machines."""

from hospital.kit.invariants import register


def wire() -> None:
    register(
        "treatment.course_counts_what_was_given",
        "TR-02",
        """SELECT c.id, c.done, count(s.id) FROM treatment_course c
           LEFT JOIN treatment_session s ON s.course_id = c.id AND s.status = 'done'
           GROUP BY c.id HAVING c.done <> count(s.id) OR count(s.id) > c.planned""",
    )
    register(
        "treatment.given_session_has_its_record",
        "Q35",
        """SELECT s.id FROM treatment_session s LEFT JOIN treatment_sessionrecord r ON r.session_id = s.id
           WHERE (s.status = 'done') <> (r.id IS NOT NULL)""",
    )
    register(
        "treatment.no_machine_twice",
        "G03",
        """SELECT a.id, b.id FROM treatment_session a JOIN treatment_session b
           ON a.machine_id = b.machine_id AND a.id < b.id AND a.during && b.during
           WHERE a.status IN ('booked', 'arrived', 'done') AND b.status IN ('booked', 'arrived', 'done')""",
    )
    register(
        "treatment.ended_course_has_no_open_session",
        "TR-01",
        """SELECT s.id FROM treatment_session s JOIN treatment_course c ON c.id = s.course_id
           WHERE c.status IN ('finished', 'stopped', 'cancelled') AND s.status IN ('booked', 'arrived')""",
    )
