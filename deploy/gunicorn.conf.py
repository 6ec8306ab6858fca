"""gunicorn, in the demo and in production: threads, because pages mostly wait for PostgreSQL."""

import multiprocessing
import os

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", max(2, min(multiprocessing.cpu_count(), 8))))
threads = int(os.environ.get("WEB_THREADS", 6))
# A worker takes every connection it sees before it answers one: of 64 browsers that come at once, one of two workers had 61.
# With a socket of its own each gets its share; loaded before the fork, a new worker answers at once.
reuse_port = True
preload_app = True
control_socket_disable = True  # one file for all houses of a user, and nobody asks it anything
timeout = 30  # seconds until a worker that answers nothing is replaced
graceful_timeout = 20  # seconds for requests in flight after SIGTERM (G30)
keepalive = 5
max_requests = 20_000  # replaced now and then, so that a slow leak never becomes an outage
max_requests_jitter = 2_000
accesslog = None  # the proxy logs requests, without query strings
