"""A stand-in for the real-name register of the demo: POST /identity/check, over HTTP like the real one.

It knows every well formed resident number; names that begin with 假 ("false") don't agree with theirs.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def make_app(state_dir: Path) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The WSGI application; it remembers nothing."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        if environ["REQUEST_METHOD"] != "POST" or path != "/identity/check":
            start_response("404 Not Found", [("Content-Type", "application/json")])
            return [b"{}"]
        asked = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        result = "mismatch" if str(asked.get("name", "")).startswith("假") else "match"
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"result": result}).encode()]

    return app
