"""ASGI entry: sockets, the lane of the release minute, and HTTP where one process serves all."""

import gc
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings")
http = get_asgi_application()

from appointments.lane import Lane  # noqa: E402 - it needs the app registry, as consumers do
from hospital.sockets import socket_application  # noqa: E402

application = ProtocolTypeRouter({"http": Lane(http), "websocket": socket_application})

# As in wsgi.py: a full collection of what is loaded would stop all sockets for a tenth of a second.
gc.collect()
gc.freeze()
