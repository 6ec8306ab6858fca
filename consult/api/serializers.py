"""What the API of consult takes and says, field by field."""

from typing import Any

from rest_framework import serializers

from appointments.api.serializers import Answered
from hospital.kit import clock

from ..models import EndCode, EvidenceKind, OnlineVisit, Sender, TalkMessage


class ShownInput(serializers.Serializer[Any]):
    """Another hospital's record, when this one knows no diagnosis (IH-01)."""

    kind = serializers.ChoiceField(choices=[one for one in EvidenceKind.choices if one[0] != EvidenceKind.OWN])
    display = serializers.CharField(max_length=300, help_text="The diagnosis, as it is written there.")
    hospital = serializers.CharField(max_length=100)
    diagnosed_on = serializers.DateField()

    def validate_diagnosed_on(self, day: Any) -> Any:
        if day > clock.today():
            raise serializers.ValidationError("This day hasn't come yet.")
        return day


class VisitInput(serializers.Serializer[Any]):
    patient_id = serializers.IntegerField(min_value=1)
    doctor_id = serializers.IntegerField(min_value=1)
    shown = ShownInput(required=False, help_text="The doctor confirms it before the visit.")


class ConsentInput(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, help_text="The version that was read.")


class AnswersInput(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=0)
    answers = serializers.ListField(
        child=serializers.DictField(), help_text="`item` of a FHIR R4 QuestionnaireResponse."
    )


class OnlineTimeInput(Answered):
    period_id = serializers.IntegerField(min_value=1)


class MessageInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=1000)
    key = serializers.CharField(
        max_length=40, help_text="Made by the writer; the same key again is the same line (G35)."
    )


class AfterInput(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, default=0, help_text="The last line that the reader has.")


class EndInput(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=[one for one in EndCode.choices if one[0] != EndCode.SILENT])
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ConsentOutput(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    text = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of the text.")


class OfferOutput(serializers.Serializer[Any]):
    period_id = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    left = serializers.IntegerField()
    price = serializers.IntegerField(help_text="In fen.")


class PlaceOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    status = serializers.CharField()
    starts_at = serializers.DateTimeField()
    held_until = serializers.DateTimeField(allow_null=True)
    charge_id = serializers.IntegerField(allow_null=True, help_text="To be paid before `held_until`.")


class VisitOutput(serializers.ModelSerializer[OnlineVisit]):
    doctor = serializers.CharField(source="doctor.name", read_only=True)
    department = serializers.CharField(source="department.name", read_only=True)
    booking = PlaceOutput(allow_null=True, read_only=True)

    class Meta:
        model = OnlineVisit
        fields = [
            "id", "patient_id", "doctor_id", "doctor", "department", "service", "status", "booking", "form_id",
            "created_at", "paid_at", "answer_until", "started_at", "ended_at", "end_code", "end_note", "last_seq",
        ]  # fmt: skip


class AnswersOutput(serializers.Serializer[Any]):
    status = serializers.CharField()
    revision = serializers.IntegerField()
    answers = serializers.JSONField()
    questionnaire = serializers.JSONField(source="version.content", help_text="FHIR R4 Questionnaire.")


class MessageOutput(serializers.ModelSerializer[TalkMessage]):
    picture = serializers.SerializerMethodField(help_text="Where to read the picture; empty for other lines.")
    by_house = serializers.SerializerMethodField()

    class Meta:
        model = TalkMessage
        fields = ["seq", "sender", "kind", "text", "card", "picture", "by_house", "at"]

    def get_picture(self, line: TalkMessage) -> str:
        return f"/talk/{line.visit_id}/pictures/{line.card['id']}/" if line.card.get("what") == "picture" else ""

    def get_by_house(self, line: TalkMessage) -> bool:
        return line.sender == Sender.HOUSE


class MessagesOutput(serializers.Serializer[Any]):
    lines = MessageOutput(many=True)
    last = serializers.IntegerField(help_text="Ask again with `after` set to this.")
    status = serializers.CharField()
    open = serializers.BooleanField()


class SaidOutput(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    key = serializers.CharField(source="client_key")
