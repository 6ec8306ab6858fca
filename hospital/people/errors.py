"""Every refusal of hospital.people that a person can meet."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.problems import Forbidden, Invalid, Problem, TooMany


class PhoneInvalid(Invalid):
    code = "SEC-01-phone"
    title = _("This isn't a mobile number of mainland China")
    next_step = _("Enter the 11 digits of your mobile number.")


class CodeWrong(Invalid):
    """Wrong, used, expired or asked for on another device: a guesser learns nothing from the difference (G20)."""

    code = "SEC-01-code"
    title = _("This code is wrong or has expired")
    next_step = _("Check the latest message, or ask for a new code.")


class CodesTooMany(TooMany):
    code = "SEC-01-code-limit"
    title = _("Too many codes were asked for")
    next_step = _("Please wait a little before you ask for another code, or sign in another way.")


class GuessesTooMany(TooMany):
    code = "SEC-01-guess-limit"
    title = _("Too many wrong codes")
    next_step = _("For your safety, codes for this number are closed for up to an hour.")


class NoTextMessages(Problem):
    code = "SEC-01-no-sms"
    status = 503
    title = _("Codes can't be sent at present")
    next_step = _("Sign in with your password or WeChat, or call the hospital's service desk.")


class SignInWrong(Invalid):
    """The same for an unknown name, a wrong password and a closed account (G20)."""

    code = "SEC-02-sign-in"
    title = _("The name or the password is wrong")
    next_step = _("Check both and try again. Capital letters count in the password.")


class SignInLocked(TooMany):
    code = "SEC-02-locked"
    title = _("Too many failed sign-ins")
    next_step = _("For your safety, signing in is closed for 15 minutes.")


class SecondFactorWrong(Invalid):
    code = "SEC-01-second-factor"
    title = _("This code is wrong")
    next_step = _("Enter the six digits that your authenticator shows now, or a recovery code.")


class AccountClosed(Forbidden):
    code = "SEC-02-closed"
    title = _("This account is closed")
    next_step = _("Please call the hospital's service desk.")


class ConfirmNeeded(Forbidden):
    """A step that asks again who you are (SEC-01 step-up, SEC-03)."""

    code = "SEC-01-confirm"
    title = _("Please confirm that it is you")
    next_step = _("This step is protected: confirm with a code, then go on.")


class PasswordWeak(Invalid):
    code = "SEC-02-weak"
    title = _("This password is too weak")
    next_step = _("Choose a longer password that others can't guess.")


class WeChatFailed(Problem):
    code = "H1-wechat"
    status = 502
    title = _("WeChat didn't answer as expected")
    next_step = _("Please try again, or sign in with your phone and a code.")


class DocumentInvalid(Invalid):
    code = "IH-04-document"
    title = _("This number doesn't fit the document")
    next_step = _("Compare it with the document, character by character.")


class NameInvalid(Invalid):
    code = "IH-04-name"
    title = _("This name can't be read")
    next_step = _("Enter the name as it stands on the document.")


class DeskNeeded(Problem):
    """The same whether someone is on file with other details or not at all: a stranger learns nothing (IH-04)."""

    code = "IH-04-desk"
    title = _("We couldn't confirm these details online")
    next_step = _("Please bring the identity document to any service desk; it takes two minutes.")


class ProfilesFull(Problem):
    code = "AP-04-profiles"
    title = _("An account can act for at most %(limit)d people")
    next_step = _("Remove a family member whom you don't book for any more.")


class AlreadyLinked(Problem):
    code = "H1-linked"
    title = _("This person is already among your family members")
    next_step = _("You can book for them right away.")


class ConsentNeeded(Invalid):
    code = "SEC-07-consent"
    title = _("We need a consent before we may keep these data")
    next_step = _("Please read the short text and tick the box.")


class CardNotRead(Problem):
    """Unknown, mistyped, or a picture of a code that has changed since: the desk isn't told which."""

    code = "H2.card-not-read"
    status = 422
    title = _("This visit card can't be read")
    next_step = _("Open the visit card on the phone again, or type the number below the bar code.")


class OwnAccount(Problem):
    code = "SEC-02-own"
    title = _("Nobody does this to their own account")
    next_step = _("Ask another administrator.")


class SameAdministrator(Problem):
    code = "SEC-01-four-eyes"
    title = _("A second administrator decides")
    next_step = _("Whoever asked, and whose account it is, can't decide.")


class ResetWaits(Problem):
    code = "SEC-01-reset-waits"
    title = _("A request for this account waits already")
    next_step = _("Ask another administrator to decide on it.")


class ProgramNameTaken(Problem):
    code = "SEC-01-program-name"
    title = _("A program of this name is on the list already")
    next_step = _("Choose another name; a key that was ended keeps its name.")
