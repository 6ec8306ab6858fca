"""Shapes of the API of hospital.people: what comes in and what goes out are apart."""

from typing import Any

from rest_framework import serializers


class ProfileOutput(serializers.Serializer[Any]):
    patient_id = serializers.IntegerField()
    name = serializers.CharField(source="patient.masked_name", help_text="masked (SEC-09)")
    relation = serializers.CharField()
    verified = serializers.SerializerMethodField()

    def get_verified(self, link: Any) -> bool:
        """Is the real name proved (IH-04)?"""
        return link.patient.verified_at is not None


class MeOutput(serializers.Serializer[Any]):
    account_id = serializers.IntegerField(source="actor.account_id", allow_null=True)
    service = serializers.CharField(source="actor.service")
    roles = serializers.SerializerMethodField()
    profiles = ProfileOutput(source="links", many=True)

    def get_roles(self, me: dict[str, Any]) -> list[str]:
        return sorted(me["actor"].roles)
