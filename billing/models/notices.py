"""Notices of billing to the apps above (hospital/kit/notices.py)."""

from hospital.kit import notices


class Notice(notices.Notice):
    """Topics: `charge.paid`, `charge.refunded`, `charge.expired`; the payload names the charge."""
