"""Truths that must hold after every story, race and drill; each query finds what breaks one."""

from hospital.kit.invariants import register


def register_all() -> None:
    """Called once, from wiring."""
    register(
        "appointments.places_are_the_capacity",
        "G01",
        "SELECT period.id, period.capacity, count(place.id) FROM appointments_period AS period "
        "LEFT JOIN appointments_place AS place ON place.period_id = period.id "
        "GROUP BY period.id HAVING count(place.id) <> period.capacity",
    )
    register(
        "appointments.no_oversell",
        "G01",
        "SELECT period.id, period.capacity, count(*) FROM appointments_period AS period "
        "JOIN appointments_booking AS booking ON booking.period_id = period.id AND booking.status IN ('held', 'booked', 'checked_in', 'seen') "
        "GROUP BY period.id HAVING count(*) > period.capacity",
    )
    register(
        "appointments.active_booking_has_its_place",
        "G01",
        "SELECT booking.id, booking.status, place.booking_id FROM appointments_booking AS booking "
        "JOIN appointments_place AS place ON place.id = booking.place_id "
        "WHERE booking.status IN ('held', 'booked', 'checked_in', 'seen') AND place.booking_id IS DISTINCT FROM booking.id",
    )
    register(
        "appointments.taken_place_has_an_owner",
        "G01",
        "SELECT place.id, booking.id, booking.status FROM appointments_place AS place "
        "JOIN appointments_booking AS booking ON booking.id = place.booking_id "
        "WHERE booking.status NOT IN ('no_show') AND (booking.status NOT IN ('held', 'booked', 'checked_in', 'seen') OR booking.place_id <> place.id)",
    )
    register(
        "appointments.hold_has_live_charge_of_its_own",
        "G02",
        "SELECT booking.id, charge.status FROM appointments_booking AS booking "
        "JOIN billing_charge AS charge ON charge.id = booking.charge_id "
        "WHERE (charge.subject_id <> booking.id OR charge.patient_id <> booking.patient_id) "
        "OR (booking.status = 'held' AND charge.status IN ('cancelled', 'refunded'))",
    )
    register(
        "appointments.booked_is_paid",
        "G02",
        "SELECT booking.id, booking.status, charge.status FROM appointments_booking AS booking "
        "JOIN billing_charge AS charge ON charge.id = booking.charge_id "
        "WHERE booking.status IN ('booked', 'checked_in', 'seen') AND charge.status IN ('open', 'cancelled', 'expired')",
    )
    register(
        "appointments.ended_owes_nothing",
        "G02",
        "SELECT booking.id, booking.status, charge.status, charge.refund_reserved FROM appointments_booking AS booking "
        "JOIN billing_charge AS charge ON charge.id = booking.charge_id "
        "WHERE booking.status IN ('cancelled', 'expired') AND (charge.status = 'open' "
        "OR (charge.status IN ('paid', 'part_refunded') AND charge.refund_reserved < charge.amount))",
    )
    register(
        "appointments.booking_agrees_with_its_session",
        "AP-04",
        "SELECT booking.id FROM appointments_booking AS booking "
        "JOIN appointments_session AS session ON session.id = booking.session_id "
        "JOIN appointments_period AS period ON period.id = booking.period_id "
        "JOIN appointments_place AS place ON place.id = booking.place_id "
        "WHERE (booking.department_id, booking.date, booking.half_day, booking.kind) IS DISTINCT FROM "
        "(session.department_id, session.date, session.half_day, session.kind) "
        # what had ended, or was seen, when a substitute took the session stays with the doctor of its time
        "OR (booking.doctor_id <> session.doctor_id AND booking.status IN ('held', 'booked', 'checked_in')) "
        "OR period.session_id <> session.id OR place.period_id <> period.id OR place.number <> booking.number "
        "OR booking.during <> tstzrange(period.starts_at, period.ends_at)",
    )
    register(
        "appointments.ticket_has_checked_in_booking",
        "AP-10",
        "SELECT ticket.id, ticket.status, booking.status FROM appointments_ticket AS ticket "
        "JOIN appointments_booking AS booking ON booking.id = ticket.booking_id "
        "WHERE ticket.session_id <> booking.session_id "
        "OR (ticket.status IN ('waiting', 'called') AND ticket.encounter_id IS NULL AND booking.status <> 'checked_in') "
        "OR (ticket.status IN ('waiting', 'called') AND ticket.encounter_id IS NOT NULL AND booking.status <> 'seen') "
        "OR (ticket.status IN ('serving', 'away', 'finished') AND booking.status <> 'seen')",
    )
    register(
        "appointments.nobody_waits_at_a_closed_session",
        "A5",
        "SELECT ticket.id, ticket.status, session.status FROM appointments_ticket AS ticket "
        "JOIN appointments_session AS session ON session.id = ticket.session_id "
        "WHERE session.status = 'finished' AND ticket.status IN ('waiting', 'called', 'serving', 'away')",
    )
    register(
        "appointments.booking_is_of_its_places_pool",
        "AP-02",
        "SELECT booking.id, booking.pool, place.pool FROM appointments_booking AS booking "
        "JOIN appointments_place AS place ON place.booking_id = booking.id "
        "WHERE booking.pool <> place.pool AND (booking.pool <> 'common' OR place.common_from IS NULL)",
    )
    register(
        "appointments.exam_lies_in_its_shift",
        "AP-14",
        "SELECT exam.id FROM appointments_exambooking AS exam JOIN appointments_examshift AS shift ON shift.id = exam.shift_id "
        "WHERE exam.status IN ('booked', 'arrived', 'doing', 'done') AND (exam.machine_id <> shift.machine_id "
        "OR exam.staff_id <> shift.staff_id OR NOT exam.during <@ shift.during)",
    )
    register(
        "appointments.exam_belongs_to_its_order",
        "A6",
        "SELECT exam.id, order_.status FROM appointments_exambooking AS exam JOIN emr_order AS order_ ON order_.id = exam.order_id "
        "WHERE exam.patient_id <> order_.patient_id OR (exam.status IN ('booked', 'arrived') AND order_.status = 'placed')",
    )
    register(
        "appointments.exam_intervals_are_kept",
        "AP-13",
        "SELECT one.id, other.id FROM appointments_exambooking AS one "
        "JOIN appointments_examitem AS first ON first.id = one.item_id "
        "JOIN appointments_exambooking AS other ON other.patient_id = one.patient_id AND other.id <> one.id "
        "AND lower(other.during) >= lower(one.during) "
        "JOIN appointments_examitem AS second ON second.id = other.item_id "
        "JOIN appointments_examrule AS rule ON rule.first = ANY(first.traits) AND rule.then = ANY(second.traits) "
        "WHERE one.status IN ('booked', 'arrived') AND other.status IN ('booked', 'arrived') "
        "AND lower(other.during) < upper(one.during) + make_interval(mins => rule.minutes)",
    )
