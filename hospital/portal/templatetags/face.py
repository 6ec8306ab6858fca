"""Template filters of the house's one design language; built into every template."""

from datetime import date, datetime

from django import template

from hospital.kit import clock, money

register = template.Library()


@register.filter
def yuan(fen: int | None) -> str:
    """1230 -> ¥12.30"""
    return "" if fen is None else f"¥{money.format_yuan(fen)}"


@register.filter
def clock_time(at: datetime | None) -> str:
    """14:03 in Shanghai."""
    return "" if at is None else f"{clock.local(at):%H:%M}"


@register.filter
def day(value: date | datetime | None) -> str:
    """2026-11-21 in Shanghai."""
    if value is None:
        return ""
    return f"{clock.local(value) if isinstance(value, datetime) else value:%Y-%m-%d}"
