"""Health check of a container: may requests be sent here? Asked as the proxy would ask."""

import os
import sys
import urllib.request

host = os.environ["ALLOWED_HOSTS"].split(",")[0]
request = urllib.request.Request(
    f"http://127.0.0.1:{sys.argv[1]}/readyz?for=serving", headers={"Host": host, "X-Forwarded-Proto": "https"}
)
with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
    sys.exit(answer.status != 200)
