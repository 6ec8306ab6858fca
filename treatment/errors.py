"""Every refusal that a user of treatment can meet."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Problem


class NotPaid(Problem):
    code = "TR-01.not-paid"
    title = _("This treatment isn't paid for, or its fee was given back")
    next_step = _("Pay the open bill first; then this goes on.")


class OrderStopped(Problem):
    code = "TR-01.stopped"
    title = _("The doctor has stopped this treatment")
    next_step = _("Please speak to the doctor who ordered it.")


class CourseAlreadyPlaced(Problem):
    code = "TR-02.placed"
    title = _("This course is already booked")
    next_step = _("Open the course to see or change its sessions.")


class HourTaken(Problem):
    code = "TR-07.hour-taken"
    title = _("Someone else has just taken this hour")
    next_step = _("Please choose another hour; those shown now are free.")


class HourNotOffered(Problem):
    code = "TR-07.hour-not-offered"
    title = _("This machine doesn't work at that hour")
    next_step = _("Please choose one of the hours shown.")


class TooLateToMove(Problem):
    code = "TR-02.too-late"
    title = _("It is too late to move this session online")
    next_step = _("Please call the treatment room.")


class DayTaken(Problem):
    code = "TR-07.one-a-day"
    title = _("You already have a session on that day")
    next_step = _("Please choose a day without a session.")


class OutOfCourse(Problem):
    code = "TR-02.validity"
    title = _("That day is outside the time in which this course must be given")
    next_step = _("Please choose an earlier day, or speak to the doctor.")


class ConsentMissing(Problem):
    code = "TR-03.consent"
    title = _("The patient has not yet agreed to this treatment")
    next_step = _("The patient agrees on the phone or on this tablet; then go on.")


class ClearanceMissing(Problem):
    code = "TR-06.clearance"
    title = _("Not released for treatment yet: %(missing)s")
    next_step = _("The named person releases it on the page of the course.")


class SamePerson(Problem):
    code = "TR-06.same-person"
    title = _("Two different people must do this")
    next_step = _("Ask a colleague to confirm.")


class IdentityNotConfirmed(Problem):
    code = "TR-06.identity"
    title = _("The patient must be identified by two different features")
    next_step = _("Scan the visit card and ask for the date of birth.")


class WrongPatient(Problem):
    code = "TR-06.wrong-patient"
    title = _("This card belongs to somebody else, or there is no session for it today")
    next_step = _("Check the name on the board, and today's list.")


class AssessmentDue(Problem):
    code = "TR-04.assessment"
    title = _("An assessment is due before this session")
    next_step = _("Fill in the assessment; then go on.")


class AllGiven(Problem):
    code = "TR-02.all-given"
    title = _("All ordered sessions have been given")
    next_step = _("A further session needs a new order.")


class NotArrived(Problem):
    code = "TR-01.not-arrived"
    title = _("The patient has not checked in for this session")
    next_step = _("Scan the visit card first.")


class DiagnosisMissing(Problem):
    code = "TR-06.diagnosis"
    title = _("There is no diagnosis in the visit that ordered this course")
    next_step = _("Write the diagnosis in the note of the visit; then approve the plan.")


class QuestionsOpen(Problem):
    code = "TR-05.questions"
    title = _("The questions before this session are not all answered")
    next_step = _("Ask the patient each question; then go on.")


class QuestionsAnswered(Problem):
    code = "TR-05.answered"
    title = _("The questions before this session were answered already")
    next_step = _("Open the session again to see the answers.")


class OnHold(Problem):
    code = "TR-04.on-hold"
    title = _("This course is on hold")
    next_step = _("Its doctor has to look and let it go on.")


class ReviewDue(Problem):
    code = "TR-09.review"
    title = _("The doctor has to see the patient before the next session")
    next_step = _("Its doctor writes the review on the page of the course.")


class NotAWorkday(Problem):
    code = "TR-07.weekend"
    title = _("No treatment is given on that day")
    next_step = _("Please choose a working day.")


class GapTooShort(Problem):
    code = "TR-07.gap"
    title = _("Two sessions of one day must be %(hours)d hours apart")
    next_step = _("Please choose an earlier or a later hour.")


class NoTime(Problem):
    code = "TR-08.no-time"
    title = _("The machine must be down for some time from now on")
    next_step = _("Choose an end that is later than now and than the beginning.")


class AlreadyDown(Problem):
    code = "TR-08.already-down"
    title = _("The machine is blocked in a part of that time already")
    next_step = _("Choose a time that doesn't overlap with it.")


class NoHourChosen(Problem):
    code = "TR-07.no-hour"
    status = 422
    title = _("Please choose an hour first")
    next_step = _("Touch one of the hours below, then book.")
