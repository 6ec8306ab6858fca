"""What administrators keep by hand, each change with its history."""

from . import catalogues, house, parameters, staff

__all__ = ["catalogues", "house", "parameters", "staff"]
