"""Headers that several operations of the HTTP API take, as the published schema describes them."""

from drf_spectacular.utils import OpenApiParameter

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="A random text of at most 80 characters, new for each new request. The same key with the same body within "
    "two days is the same request and gets its first answer again; with another body: 422 `idempotency-key-reused`.",
)
