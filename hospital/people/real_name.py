"""The outside channel that knows whether a name belongs to a document (IH-04): one adapter, over HTTP."""

from django.conf import settings

from hospital.kit.outside import OutsideError, post_json


def is_set_up() -> bool:
    return bool(settings.IDENTITY_BASE_URL)


def agrees(*, name: str, document_type: str, document_no: str) -> bool | None:
    """Does the register know this name under this document? None when nobody could say (no channel, or it is down)."""
    if not is_set_up():
        return None
    body = {"name": name, "document_type": document_type, "document_no": document_no}
    try:
        answer = post_json(
            f"{settings.IDENTITY_BASE_URL}/check", body, headers={"X-Api-Key": settings.IDENTITY_API_KEY}
        )
    except OutsideError:
        return None
    result = answer.get("result")
    return {"match": True, "mismatch": False}.get(str(result))
