"""The SMS gateway. `idempotency_key` makes a repeated call harmless there."""

from django.conf import settings

from .outside import OutsideError, post_json


def send(*, to: str, template: str, text: str, idempotency_key: str) -> str:
    """Hand one text message to the gateway; answers the gateway's reference. Raises OutsideError."""
    if not settings.SMS_BASE_URL:
        raise OutsideError("no SMS gateway is set up (SMS_BASE_URL)")
    body = {"to": to, "template": template, "params": {"text": text}, "idempotency_key": idempotency_key}
    answer = post_json(f"{settings.SMS_BASE_URL}/send", body, headers={"X-Api-Key": settings.SMS_API_KEY})
    return str(answer.get("id", ""))
