# syntax=docker/dockerfile:1
# One image for web, realtime, worker, beat, mllp and migrate; and small ones of Debian's own packages for the
# programs beside it (docker-compose.yml), so that only Debian, Python, PostgreSQL, Redis and nginx are trusted.

FROM python:3.11-slim-bookworm AS app
RUN apt-get update \
 && apt-get install -y --no-install-recommends gettext libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home hospital
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# Settings have no default for a secret; collectstatic needs none, so it gets empty ones, in this one layer.
RUN SECRET_KEY=build FIELD_KEYS= BLIND_INDEX_KEY=build-b SIGNING_KEY=build-s DATABASE_URL=postgres://build@localhost/build \
    STATIC_ROOT=/app/static-collected sh -c 'python manage.py compilemessages -l zh_Hans && python manage.py collectstatic --no-input' \
 && mkdir -p /data/media && chown -R hospital /data
ENV PYTHONUNBUFFERED=1 STATIC_ROOT=/app/static-collected VAR_DIR=/data MEDIA_ROOT=/data/media
USER hospital
EXPOSE 8000
CMD ["gunicorn", "-c", "deploy/gunicorn.conf.py", "--bind", "0.0.0.0:8000", "hospital.wsgi:application"]

FROM debian:12-slim AS pgbouncer
RUN apt-get update && apt-get install -y --no-install-recommends pgbouncer && rm -rf /var/lib/apt/lists/*
COPY deploy/pgbouncer.ini /etc/pgbouncer/pgbouncer.ini
COPY deploy/pgbouncer.sh /usr/local/bin/start-pgbouncer
USER postgres
EXPOSE 6432
CMD ["sh", "/usr/local/bin/start-pgbouncer"]

# Only our own configuration: Debian's has the same keys, and Orthanc refuses two of a kind.
FROM debian:12-slim AS orthanc
RUN apt-get update && apt-get install -y --no-install-recommends orthanc orthanc-dicomweb && rm -rf /var/lib/apt/lists/*
COPY deploy/orthanc.json /etc/hospital-orthanc.json
USER orthanc
EXPOSE 4242 8042
CMD ["sh", "-c", "ORTHANC_PASSWORD=\"$(cat /run/secrets/orthanc_password)\" exec Orthanc /etc/hospital-orthanc.json"]

FROM debian:12-slim AS coturn
RUN apt-get update && apt-get install -y --no-install-recommends coturn && rm -rf /var/lib/apt/lists/*
USER turnserver
COPY deploy/coturn.sh /usr/local/bin/start-coturn
CMD ["sh", "/usr/local/bin/start-coturn"]

FROM app
