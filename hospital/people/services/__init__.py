"""Writes of hospital.people: the only way its rows change."""

from .tokens import service_token_create, service_token_find, service_token_revoke

__all__ = ["service_token_create", "service_token_find", "service_token_revoke"]
