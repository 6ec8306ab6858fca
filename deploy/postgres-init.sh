#!/bin/sh
# First start of an empty database: the owner migrates, the application's role reads and writes (db_grants says what).
set -eu
psql -v ON_ERROR_STOP=1 --username postgres \
  -v owner_password="$(cat /run/secrets/owner_password)" -v app_password="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE hospital_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE hospital_app LOGIN PASSWORD :'app_password';
GRANT hospital_app TO hospital_owner;
CREATE DATABASE hospital OWNER hospital_owner;
SQL
