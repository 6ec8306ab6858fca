"""The least Django that can do it, as a yardstick: no middleware, no session, no form; views that send the SQL of a hold
(`hold/`) and of a read (`read/`), whose rows they answer as JSON.

Served by the product's own gunicorn configuration. RECORDED_FILE has what was recorded (benchmarks/replay.py). `naive/` is
the control: it counts and then writes, without a lock.
"""

import os
import pickle
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from benchmarks.replay import replay
from hospital import env

settings.configure(
    DATABASES={"default": env.database("DATABASE_URL") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}},
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="of a benchmark",
    USE_TZ=True,
)
_FILE = Path(os.environ["RECORDED_FILE"])
_recorded: dict[int, list[object]] = {}  # filled at the first request: it is recorded after this process has started


def _statements(number: int) -> list[object]:
    if not _recorded:
        _recorded.update(enumerate(pickle.loads(_FILE.read_bytes())))
    return _recorded[number]


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ready")


def hold(request: HttpRequest, number: int) -> HttpResponse:
    statements = _statements(number)
    with transaction.atomic(), connection.cursor() as cursor:
        replay(cursor, statements)
    return HttpResponse(status=302, headers={"Location": "/pay/"})


def read(request: HttpRequest, number: int) -> HttpResponse:
    rows: list[object] = []
    with connection.cursor() as cursor:
        for sql, params, _ in _statements(number):
            cursor.execute(sql, params)
            rows += cursor.fetchall()
    return JsonResponse({"rows": rows}, json_dumps_params={"default": str})


def naive(request: HttpRequest, patient: int) -> HttpResponse:
    places = int(request.POST["places"])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM naive")
        if cursor.fetchone()[0] >= places:
            return HttpResponse(status=409)
        cursor.execute("INSERT INTO naive VALUES (%s)", [patient])
    return HttpResponse(status=302, headers={"Location": "/pay/"})


urlpatterns = [
    path("readyz", ready), path("hold/<int:number>/", hold), path("read/<int:number>/", read),
    path("naive/<int:patient>/", naive),
]  # fmt: skip
application = get_wsgi_application()
