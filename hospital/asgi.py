"""ASGI entry: sockets (and HTTP, where one process serves both)."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings")
http = get_asgi_application()

from hospital.sockets import socket_application  # noqa: E402 - consumers need the app registry

application = ProtocolTypeRouter({"http": http, "websocket": socket_application})
