"""Foreign keys obey the order of the house: import-linter can't see one that is written as a string."""

import tomllib
from pathlib import Path

from django.apps import apps
from django.db import models

PROJECT = Path(__file__).resolve().parents[2]


def floors() -> dict[str, int]:
    """Module -> floor; the same floor means side by side. Read from the contract that import-linter enforces."""
    with (PROJECT / "pyproject.toml").open("rb") as file:
        contract = tomllib.load(file)["tool"]["importlinter"]["contracts"][0]
    layers = contract["layers"]
    return {module.strip(): floor for floor, layer in enumerate(reversed(layers)) for module in layer.split("|")}


def may_point_to(source: str, target: str, order: dict[str, int]) -> bool:
    """May a model of app `source` have a foreign key to one of app `target`?"""
    return source == target or target not in order or order[source] > order[target]


def test_no_foreign_key_goes_up_or_sideways() -> None:
    order = floors()
    wrong = []
    for model in apps.get_models(include_auto_created=True):
        source = apps.get_app_config(model._meta.app_label).name
        if source not in order:
            continue
        for field in model._meta.get_fields():
            if field.auto_created or not isinstance(field, models.ForeignKey | models.ManyToManyField):
                continue
            target = apps.get_app_config(field.related_model._meta.app_label).name
            if not may_point_to(source, target, order):
                wrong.append(f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}")
    assert not wrong, wrong


def test_every_app_with_tables_has_a_floor() -> None:
    order = floors()
    roots = {module.partition(".")[0] for module in order}
    homeless = [
        config.name
        for config in apps.get_app_configs()
        if config.name.partition(".")[0] in roots and config.name not in order and list(config.get_models())
    ]
    assert not homeless


def test_the_walk_would_see_a_wrong_key() -> None:
    order = floors()
    assert not may_point_to("billing", "consult", order)
    assert not may_point_to("consult", "treatment", order)
    assert may_point_to("consult", "billing", order)
    assert may_point_to("billing", "django.contrib.contenttypes", order)
