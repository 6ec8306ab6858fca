"""The Celery app: one task that wakes a sweep by its name, and the clock that wakes them all.

Celery and Redis may lose everything at any moment and nothing that the hospital promised is lost: what is to be
done waits as rows in PostgreSQL, a sweep works them off, and a task only says that now is a good time.
"""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings")

app = Celery("hospital")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task(name="hospital.sweep_run", ignore_result=True)
def sweep_run(name: str, *others: str) -> int:
    """Run one sweep now; answers how many rows it worked off. The others that were asked for with it wait for nobody."""
    from hospital.kit import clock, sweeps

    for other in others:
        sweep_run.apply_async((other,), expires=60)
    return sweeps.run(name, at=clock.now())


@app.on_after_finalize.connect
def _schedule_sweeps(sender: Celery, **_: Any) -> None:
    """Beat wakes each registered sweep at its own pace."""
    import django

    django.setup()
    from hospital.kit import sweeps

    for sweep in sweeps.registered():
        sender.add_periodic_task(sweep.every, sweep_run.s(sweep.name), name=sweep.name, expires=sweep.every)
