"""The least Django that can do it, as a yardstick: no middleware, no session, no form; views that send the SQL of a booking
(`replay/`) and of a read (`read/`), whose rows they answer as JSON.

Served by the product's own gunicorn configuration. RECORDED_FILE has what was recorded (benchmarks/replay.py). `naive/` is
the control: it counts and then writes, without a lock.
"""

import json
import os
import pickle
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from benchmarks.replay import Recording, replay
from hospital import env

settings.configure(
    DATABASES={"default": env.database("DATABASE_URL") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}},
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="of a benchmark",
    USE_TZ=True,
    LOGGING={
        "version": 1, "disable_existing_loggers": False, "handlers": {"stderr": {"class": "logging.StreamHandler", "level": "ERROR"}},
        "root": {"handlers": ["stderr"], "level": "ERROR"},
    },
)  # fmt: skip
_FILE = Path(os.environ["RECORDED_FILE"])
_recorded: dict[Any, Recording] = {}  # filled at the first request: it is recorded after this process has started


def _statements(name: str | int) -> Recording:
    if not _recorded:
        found = pickle.loads(_FILE.read_bytes())
        _recorded.update(found if isinstance(found, dict) else enumerate(found))
    return _recorded[name]


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ready")


def again(request: HttpRequest, name: str, status: int) -> HttpResponse:
    """The recorded request of another caller, whose values come with the request as pairs: old, new."""
    given = dict(json.loads(request.body)["given"])
    with connection.cursor() as cursor:
        try:
            replay(cursor, _statements(name), given)
        except Exception:
            cursor.execute("ROLLBACK")
            raise
    return HttpResponse(status=status)


def read(request: HttpRequest, number: int) -> HttpResponse:
    rows: list[object] = []
    with connection.cursor() as cursor:
        for sql, params, _ in _statements(number):
            cursor.execute(sql, params)
            rows += cursor.fetchall() if cursor.description else []
    return JsonResponse({"rows": rows}, json_dumps_params={"default": str})


def naive(request: HttpRequest) -> HttpResponse:
    asked = json.loads(request.body)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM naive")
        if cursor.fetchone()[0] >= asked["places"]:
            return HttpResponse(status=409)
        cursor.execute("INSERT INTO naive VALUES (%s)", [asked["patient"]])
    return HttpResponse(status=201)


urlpatterns = [
    path("readyz", ready), path("read/<int:number>/", read), path("again/<str:name>/<int:status>/", again),
    path("naive/", naive),
]  # fmt: skip
application = get_wsgi_application()
