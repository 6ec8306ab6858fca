"""Reports as PDF."""

from collections.abc import Sequence

from django.conf import settings
from django.template.loader import render_to_string

from hospital.kit.pdf import render_pdf

from .models import Report
from .selectors import Line


def report_pdf(report: Report, lines: Sequence[Line]) -> bytes:
    context = {"report": report, "lines": lines, "hospital_name": settings.HOSPITAL_NAME}
    return render_pdf(render_to_string("emr/report_pdf.html", context))
