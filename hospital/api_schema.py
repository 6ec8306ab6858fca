"""What the published schema says beyond the shapes: who may call, how a refusal looks, and every stable code of one."""

from typing import Any

from django.utils import translation
from drf_spectacular.openapi import AutoSchema

from hospital.kit.access import Rule, rules_of
from hospital.kit.problems import Problem

PROBLEM = "application/problem+json"
_ONLY_WRITES = {"409", "429"}
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
_REFUSALS = {
    "401": "Nobody is signed in (`sign-in-needed`).",
    "404": "Absent, or none of the caller's business: the two read the same (`not-found`).",
    "422": "Something in the request can't be read (`invalid`); `errors` names the fields.",
    "409": "It isn't so any more, or a rule forbids it now; `next_step` says what to do instead.",
    "429": "Too much of this for now (`too-many`): again after `Retry-After` seconds.",
    "default": "Any other refusal; its `code` is stable, see `Problem`.",
}


class HouseSchema(AutoSchema):
    """Adds to each operation who may call it, and the refusals as application/problem+json."""

    def _rule(self) -> Rule | None:
        return rules_of(self.view.__class__).get(self.method.upper()) if self.method else None

    def get_description(self, *args: str) -> str:  # the types are of REST framework's own schema
        """The view's own words, then the rule and the roles that it lets in."""
        words, rule = str(super().get_description(*args)).strip(), self._rule()
        if rule is None:
            return words
        who = "anybody" if rule.is_public else ", ".join(sorted(rule.roles))
        return f"{words}\n\nMay call: {who}. Rule: `{rule.name}`."

    def get_auth(self) -> list[dict[str, Any]]:
        rule = self._rule()
        found: list[dict[str, Any]] = list(super().get_auth())
        return [*found, {}] if rule is not None and rule.is_public else found


def _problems(kind: type[Problem] = Problem) -> list[type[Problem]]:
    found = [kind] if "code" in vars(kind) else []
    for child in kind.__subclasses__():
        if not child.__module__.startswith("tests."):
            found += _problems(child)
    return found


def codes() -> list[dict[str, Any]]:
    """Every refusal of the house: its code, the HTTP status that it usually has, and its title."""
    found = {kind.code: {"code": kind.code, "status": kind.status, "title": str(kind.title)} for kind in _problems()}
    return [found[code] for code in sorted(found)]


def add_refusals(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook after the operations were read (SPECTACULAR_SETTINGS)."""
    with translation.override("en"):
        listed = codes()
    text = {"type": "string"}
    result["components"]["schemas"]["Problem"] = {
        "type": "object",
        "description": "A refusal (RFC 9457). Programs decide by `code`, people read `title` and `next_step`.",
        "properties": {
            "type": text,
            "code": {"type": "string", "description": "stable, one of `x-codes`"},
            "title": text,
            "status": {"type": "integer"},
            "next_step": text,
            "errors": {"type": "object", "additionalProperties": text, "description": "by field"},
        },
        "required": ["type", "code", "title", "status"],
        "x-codes": listed,
    }
    body = {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            asked = bool(operation.get("requestBody") or operation.get("parameters"))
            for status, words in _REFUSALS.items():
                if (status == "401" and {} in operation.get("security", [])) or (status == "422" and not asked):
                    continue
                if status in _ONLY_WRITES and method == "get":
                    continue
                headers = {"headers": _RETRY_AFTER} if status == "429" else {}
                operation["responses"].setdefault(status, {"description": words, **headers, **body})
    return result
