"""Which policy a browser gets with an answer: pages the one of the settings, JSON the one under which nothing may be loaded.

The policy of the settings is put together for each answer, with its nonce; for an answer that is no page that would take
longer than some of its queries, and allow more than it needs.
"""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

FOR_DATA = "default-src 'none'; frame-ancestors 'none'"


class ContentPolicyMiddleware(CSPMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if "json" in response.headers.get("Content-Type", ""):  # also of refusals: application/problem+json
            response.headers[HEADER] = FOR_DATA
            return response
        return super().process_response(request, response)
