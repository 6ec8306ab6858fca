"""Paper out of HTML. The renderer may read nothing but what is in the page itself (G18)."""

from PIL import ImageFile


def render_pdf(html: str) -> bytes:
    """HTML to PDF; every address except data: is refused, whatever a text in the page says."""
    # Imported here: it reads its own style sheets when it is imported, which every other page would wait for.
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint sets it for all: half a picture would pass for a whole one

    fetcher = URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
    content: bytes = HTML(string=html, url_fetcher=fetcher, base_url=None).write_pdf()
    return content
