"""Health check of a container that speaks no HTTP: does the port take a connection?"""

import socket
import sys

socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5).close()
