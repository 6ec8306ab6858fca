"""Shapes of the API of hospital.organisation: what comes in and what goes out are apart."""

from typing import Any

from rest_framework import serializers

from ..models import CodeSystem


class ConceptSearchInput(serializers.Serializer[Any]):
    system = serializers.ChoiceField(choices=CodeSystem.choices)
    q = serializers.CharField(max_length=60)
    limit = serializers.IntegerField(min_value=1, max_value=50, default=20)


class ConceptOutput(serializers.Serializer[Any]):
    system = serializers.CharField()
    code = serializers.CharField()
    display = serializers.CharField()
    properties = serializers.DictField()
