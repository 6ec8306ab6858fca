#!/bin/sh
# The application's password comes as a secret file; PgBouncer wants it in a list of its own.
set -eu
umask 077
printf '"hospital_app" "%s"\n' "$(cat /run/secrets/app_password)" >/tmp/userlist.txt
exec pgbouncer /etc/pgbouncer/pgbouncer.ini
