"""The map of sockets. Each consumer declares a rule like a view does; Origin is checked for all."""

from typing import Any

from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack
from django.urls import path

from consult.consumers import TalkConsumer

socket_routes: list[Any] = [
    path("ws/talk/<int:pk>/", TalkConsumer.as_asgi()),  # type: ignore[arg-type] # an ASGI app is no view
]
socket_application = AllowedHostsOriginValidator(SessionMiddlewareStack(URLRouter(socket_routes)))
