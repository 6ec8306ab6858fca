"""Every refusal of appointments that a person can meet."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Problem


class PeriodFull(Problem):
    code = "AP-02-full"
    title = _("This time has just been taken")
    next_step = _("Choose another time, or an online visit with the same doctor.")


class NoMoreExtra(Problem):
    code = "AP-02-extra"
    title = _("At most %(limit)d extra places can be added to a clinic")
    next_step = _("Choose another of your clinics.")


class PeriodOver(Problem):
    code = "AP-02-over"
    title = _("This time is over")
    next_step = _("Choose a later time.")


class NotReleased(Problem):
    code = "AP-03-not-released"
    title = _("These places can be booked from %(opens)s on")
    next_step = _("Come back at that time, or choose an earlier day.")


class SessionClosed(Problem):
    code = "AP-08-stopped"
    title = _("The doctor's clinic at this time was stopped")
    next_step = _("Choose another day or another doctor.")


class RealNameNeeded(Problem):
    code = "AP-01-real-name"
    status = 403
    title = _("The patient's real name must be proved before booking")
    next_step = _("Prove the real name of this family member first; it takes a minute.")


class OnePerHalfDay(Problem):
    code = "AP-04-half-day"
    title = _("There is already a booking with this doctor in this half-day")
    next_step = _("Look under My visits: pay or cancel that booking first.")


class TooManyDepartments(Problem):
    code = "AP-04-departments"
    hard = False
    title = _("On one day at most %(limit)d departments can be booked")
    next_step = _("Choose another day, or cancel a booking of that day.")


class TimeOverlap(Problem):
    code = "AP-04-overlap"
    title = _("This patient has another booking at that time")
    next_step = _("Choose another time.")


class CancelTooLate(Problem):
    code = "AP-05-too-late"
    hard = False
    title = _("It is too late to cancel this booking yourself")
    next_step = _("If you can't come, please call the hospital's service desk.")


class OverrideReasonNeeded(Problem):
    code = "AP-07-reason"
    status = 422
    title = _("A reason is needed to set a rule aside")
    next_step = _("Write it in a few words; it is kept with your name, and the head of the department reads it.")


class DeskFindsTooMany(Problem):
    code = "SEC-12-desk"
    status = 429
    title = _("Too many patients were looked for in this hour")
    next_step = _("Wait a little, or ask your head to raise the limit.")


class DoctorBusy(Problem):
    code = "AP-02-doctor-busy"
    title = _("This doctor already sits at that time")
    next_step = _("Choose another time or another doctor.")


class Banned(Problem):
    code = "AP-06-banned"
    status = 403
    title = _("Booking from here is closed for this patient until %(until)s")
    next_step = _(
        "The registration window and online visits stay open. If a visit was missed for a good reason, appeal under My visits."
    )


class AppealReasonNeeded(Problem):
    code = "AP-06-reason"
    status = 422
    title = _("A reason is needed")
    next_step = _("Write it in a few words.")


class QuestionFirst(Problem):
    code = "AP-07-question"
    status = 422
    title = _("One short question first")
    next_step = _("Many bookings come from here at the moment. Answer the question below, then book.")


class AlreadyWaiting(Problem):
    code = "AP-07-waiting"
    title = _("This patient is waiting for that doctor already")
    next_step = _("Look under My visits: Waiting.")


class TooManyFollowed(Problem):
    code = "A2-followed"
    audited = False
    title = _("At most %(limit)d doctors can be followed")
    next_step = _("Stop following one of them first.")


class TooManyLines(Problem):
    code = "AP-07-lines"
    title = _("A patient can wait for %(limit)d doctors at once")
    next_step = _("Take one of them back first.")


class NoMoreMoves(Problem):
    code = "AP-05-moves"
    hard = False
    title = _("A booking can be moved %(limit)d times")
    next_step = _("Cancel it and book anew, if there is still time.")


class OtherPrice(Problem):
    code = "AP-05-other-price"
    title = _("This visit is with another doctor or has another price")
    next_step = _("Cancel the booking, which refunds everything, and book anew.")


class NotCancellable(Problem):
    code = "AP-05-over"
    title = _("This booking can't be cancelled any more")
    next_step = _("Look under My visits for its present state.")


class TooEarly(Problem):
    code = "AP-10-early"
    title = _("Check-in opens at %(opens)s")
    next_step = _("Please come back a little later; your place is safe.")


class TooLate(Problem):
    code = "AP-10-over"
    title = _("This clinic is over for today")
    next_step = _("Please ask at the registration window.")


class NothingToday(Problem):
    code = "AP-10-nothing"
    title = _("No booking to check in today")
    next_step = _("Look at the date and campus of the booking, or ask at the registration window.")


class NotFromHere(Problem):
    code = "AP-10-no-position"
    title = _("This campus has no check-in by phone")
    next_step = _("Please check in with the visit card at the kiosk or the nurses' station.")


class TooFar(Problem):
    code = "AP-10-far"
    title = _("You are still about %(distance)s from the hospital")
    next_step = _("Check in here when you have arrived, or with the visit card at the kiosk or the nurses' station.")


class PositionTooRough(Problem):
    code = "AP-10-rough"
    status = 422
    title = _("Your phone doesn't know its position well enough")
    next_step = _("Step outside for a moment and try again, or check in with the visit card at the kiosk.")


class OtherCampus(Problem):
    code = "AP-10-campus"
    title = _("This visit is at another campus: %(campus)s")
    next_step = _("Please ask at the registration window what to do.")


class KioskUnknown(Problem):
    code = "H13-key"
    status = 422
    title = _("This key opens no kiosk")
    next_step = _("Ask the administration for a new key of this kiosk.")


class CardGone(Problem):
    code = "H13-card"
    status = 422
    title = _("The card was read too long ago")
    next_step = _("Hold the visit card to the reader once more.")


class NothingOwed(Problem):
    code = "H13-nothing-owed"
    title = _("Nothing is to be paid")
    next_step = _("Everything is paid already.")


class RoomOccupied(Problem):
    code = "AP-11-in-room"
    title = _("A patient was called already")
    next_step = _("Finish or pass that patient first.")


class QueueEmpty(Problem):
    code = "AP-11-empty"
    title = _("Nobody is waiting")
    next_step = _("Patients appear here when they check in.")


class ReasonNeeded(Problem):
    code = "AP-11-reason"
    status = 422
    title = _("Calling someone out of turn needs a reason")
    next_step = _("Write the reason; it is kept with your name.")


class NoExamChosen(Problem):
    code = "AP-12-nothing"
    status = 422
    audited = False
    title = _("No exam was chosen")
    next_step = _("Look at the times proposed below and book those that suit you. Nothing has been booked yet.")


class ExamNotPaid(Problem):
    code = "AP-12-unpaid"
    title = _("This exam isn't paid yet")
    next_step = _("Pay first; the proposed time stays possible while it is free.")


class ExamOver(Problem):
    code = "AP-12-over"
    title = _("This exam needs no booking any more")
    next_step = _("Look under Exam appointments for its present state.")


class AnswerMissing(Problem):
    code = "AP-12-answer"
    status = 422
    title = _("Please answer before booking: %(question)s")
    next_step = _("The answer decides whether this exam is safe for you.")


class ExamRefused(Problem):
    code = "AP-12-refused"
    status = 422
    title = _("%(exam)s can't be booked with this answer: %(why)s")
    next_step = _("Please speak with the doctor who ordered it, or call the hospital's service desk.")


class ExamsTooClose(Problem):
    code = "AP-13-interval"
    title = _("%(first)s and %(then)s would be too close together: %(why)s")
    next_step = _("Here is a proposal that keeps the interval.")


class ExamTaken(Problem):
    code = "AP-14-taken"
    title = _("This time has just been taken")
    next_step = _("Here is the next proposal.")


class ExamReserve(Problem):
    code = "AP-14-reserve"
    title = _("This time is kept for urgent exams")
    next_step = _("Choose another time.")


class MachineBusy(Problem):
    code = "AP-14-busy"
    title = _("Patients are booked at this machine in that time")
    next_step = _("Move these bookings first, then block the machine.")
