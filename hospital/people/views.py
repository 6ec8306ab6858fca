"""Patient pages of hospital.people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def sign_in_page(request: HttpRequest, status: int = 200) -> HttpResponse:
    """The sign-in page; also the answer to a stranger at a private page, who comes back there afterwards."""
    return render(request, "people/sign_in.html", {"next": request.get_full_path()}, status=status)
