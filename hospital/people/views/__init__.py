"""Pages of hospital.people."""

from .doors import sign_in_page

__all__ = ["sign_in_page"]
