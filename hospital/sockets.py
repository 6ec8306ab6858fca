"""The map of sockets. Each consumer declares a rule like a view does; Origin is checked for all."""

from typing import Any

from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack

socket_routes: list[Any] = []
socket_application = AllowedHostsOriginValidator(SessionMiddlewareStack(URLRouter(socket_routes)))
