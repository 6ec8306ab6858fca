"""Reports as PDF. The renderer may read nothing but what is in the page itself (G18)."""

from collections.abc import Sequence

from django.conf import settings
from django.template.loader import render_to_string

from .models import Report
from .selectors import Line


def render_pdf(html: str) -> bytes:
    """HTML to PDF; every address except data: is refused, whatever the text of a report says."""
    # Imported here: it reads its own style sheets when it is imported, which every other page would wait for.
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    fetcher = URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
    content: bytes = HTML(string=html, url_fetcher=fetcher, base_url=None).write_pdf()
    return content


def report_pdf(report: Report, lines: Sequence[Line]) -> bytes:
    context = {"report": report, "lines": lines, "hospital_name": settings.HOSPITAL_NAME}
    return render_pdf(render_to_string("emr/report_pdf.html", context))
