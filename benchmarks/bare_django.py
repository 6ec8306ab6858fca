"""The least Django that can do it, as a yardstick: no middleware, no session, no form; one view that sends the SQL of a hold.

Served by the product's own gunicorn configuration. HOLDS_FILE has the recorded holds (benchmarks/replay.py). `naive/` is
the control: it counts and then writes, without a lock.
"""

import os
import pickle
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
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
_FILE = Path(os.environ["HOLDS_FILE"])
_holds: dict[int, list[object]] = {}  # read at the first request: they are recorded after this process has started


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ready")


def hold(request: HttpRequest, number: int) -> HttpResponse:
    if not _holds:
        _holds.update(enumerate(pickle.loads(_FILE.read_bytes())))
    with transaction.atomic(), connection.cursor() as cursor:
        replay(cursor, _holds[number])
    return HttpResponse(status=302, headers={"Location": "/pay/"})


def naive(request: HttpRequest, patient: int) -> HttpResponse:
    places = int(request.POST["places"])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM naive")
        if cursor.fetchone()[0] >= places:
            return HttpResponse(status=409)
        cursor.execute("INSERT INTO naive VALUES (%s)", [patient])
    return HttpResponse(status=302, headers={"Location": "/pay/"})


urlpatterns = [path("readyz", ready), path("hold/<int:number>/", hold), path("naive/<int:patient>/", naive)]
application = get_wsgi_application()
