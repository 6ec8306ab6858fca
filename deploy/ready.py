"""Health check of a container: does the port answer /readyz as the proxy would ask it?"""

import os
import sys
import urllib.request

host = os.environ["ALLOWED_HOSTS"].split(",")[0]
request = urllib.request.Request(
    f"http://127.0.0.1:{sys.argv[1]}/readyz", headers={"Host": host, "X-Forwarded-Proto": "https"}
)
with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
    sys.exit(answer.status != 200)
