"""The one settings file. Everything that differs between two installations comes from the environment.

Secrets may be given as files (NAME_FILE). There is no default for a secret: the demo's are made by `make run` and
kept under var/. `manage.py check --deploy` must be clean in production.
"""

from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from hospital import env

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# --- What kind of installation this is -------------------------------------------------------------------------
# DEMO: a demo hospital on one machine over plain HTTP, with the sandbox standing in for outside channels.
DEMO = env.flag("DEMO")
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
BASE_URL = env.text("BASE_URL", "http://127.0.0.1:8000").rstrip("/")
# Where sockets are, e.g. ws://127.0.0.1:8001. Empty: on the pages' own host, where nginx sends /ws/ to `realtime`.
REALTIME_URL = env.text("REALTIME_URL", "").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", BASE_URL)
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR_DIR / "media")))

# --- Keys of encrypted identity fields (hospital/kit/crypto.py) -----------------------------------------------
FIELD_KEYS = env.words("FIELD_KEYS")  # "<id>:<aes|sm4>:<base64>", the first writes, all read
BLIND_INDEX_KEY = env.text("BLIND_INDEX_KEY")
SIGNING_KEY = env.text("SIGNING_KEY")  # HMAC key of record and audit chains, apart from SECRET_KEY
# Digests of the audit chain are appended here; lay it on another machine or on a medium that only grows.
AUDIT_ANCHOR_FILE = env.text("AUDIT_ANCHOR_FILE", str(VAR_DIR / "audit-anchors.jsonl"))

# --- Apps: the order is the order of the house, from the roof to the ground (docs/architecture.md) ------------
INSTALLED_APPS = [
    "hospital.operations",
    "hospital.portal",
    "hospital.workstation",
    "hospital.insight",
    "hospital.interop",
    "consult",
    "treatment",
    "appointments",
    "emr",
    "billing",
    "hospital.messaging",
    "hospital.forms",
    "hospital.organisation",
    "hospital.people",
    "hospital.audit",
    "channels",
    "hospital.administration.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
]

MIDDLEWARE = [
    "hospital.people.middleware.RequestIdMiddleware",
    "hospital.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hospital.content_policy.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hospital.people.middleware.SecondFactorMiddleware",
    "hospital.people.middleware.SessionGuardMiddleware",
    "hospital.people.middleware.ServiceTokenMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hospital.organisation.middleware.ActorMiddleware",
    "hospital.problem_pages.ProblemMiddleware",
    "hospital.problem_pages.AccessMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "hospital.urls"
WSGI_APPLICATION = "hospital.wsgi.application"
ASGI_APPLICATION = "hospital.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "hospital.portal.context.face",
            ],
            "builtins": ["hospital.portal.templatetags.face"],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------------------
# DATABASE_URL: the application's role, without rights to change schema or append-only tables. `migrate` and
# `db_grants` run with the DATABASE_URL of the owning role instead (`./dev` and docker-compose.yml do it so).
DATABASES = {"default": env.database("DATABASE_URL")}
DATABASES["default"] |= {
    "CONN_MAX_AGE": env.number("DATABASE_CONN_MAX_AGE", 60),
    "CONN_HEALTH_CHECKS": True,
    # PgBouncer in transaction mode keeps no cursor between two statements.
    "DISABLE_SERVER_SIDE_CURSORS": env.flag("DATABASE_POOLED"),
    "OPTIONS": {"connect_timeout": 5},
    "TEST": {"NAME": env.text("TEST_DATABASE_NAME", "test_hospital"), "TEMPLATE": "template0"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
# Redis carries wake-ups and socket traffic only; nothing in it is the only copy of anything.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # redis-py 8 drops a read after 5 s by default, which is the layer's own waiting time: sockets would die idle.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 30}], "prefix": env.text("REDIS_PREFIX", "ih")},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": env.text("REDIS_PREFIX", "ih") + ":",
    "socket_timeout": 3,
    "socket_connect_timeout": 2,
    "visibility_timeout": 60,
}
CELERY_TASK_DEFAULT_QUEUE = "hospital"
CELERY_TIMEZONE = "Asia/Shanghai"

# --- Who comes in ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.Account"
AUTHENTICATION_BACKENDS = ["hospital.people.backends.AccountBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "people:sign_in"
OTP_TOTP_ISSUER = env.text("HOSPITAL_NAME", "肿瘤医院互联网医院")
SESSION_ENGINE = "hospital.people.session_store"
SESSION_COOKIE_NAME = "ih_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "hospital.problem_pages.csrf_failure"
# Proxies in front of us, nearest last: as many entries of X-Forwarded-For are believed.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)

if not DEMO:
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 366 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF, REALTIME_URL] if REALTIME_URL else [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF, *env.words("PAYMENT_ORIGINS")],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- Language and time: Chinese first, English by switch -----------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "ih_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
HOSPITAL_NAME = env.text("HOSPITAL_NAME", "肿瘤医院互联网医院")
# What the hospital must publish about itself (IH-14); the phone is the one-tap call to a person (AG-05).
HOSPITAL_PHONE = env.text("HOSPITAL_PHONE", "400-000-0000")
HOSPITAL_COMPLAINT_PHONE = env.text("HOSPITAL_COMPLAINT_PHONE", "400-000-0001")
HOSPITAL_LICENCE_NO = env.text("HOSPITAL_LICENCE_NO", "")
HOSPITAL_SUPERVISION_PHONE = env.text("HOSPITAL_SUPERVISION_PHONE", "12320")

# --- Static files ---------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEMO
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- API ------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["hospital.api.ActorAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["hospital.api.RulePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "hospital.api.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "hospital.api_schema.HouseSchema",
    "EXCEPTION_HANDLER": "hospital.api.problem_answer",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Internet hospital",
    "DESCRIPTION": "HTTP API of the internet hospital: the same verbs as its pages.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "hospital.api_schema.add_refusals",
    ],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Fields of the same name with different choices keep the names that programs know.
    "ENUM_NAME_OVERRIDES": {
        "SessionKindEnum": "appointments.models.roster.VisitKind",
        "BookingStatusEnum": "appointments.states.BookingStatus",
    },
}

# --- Outside channels: base URLs, so that a sandbox or a proxy can stand in -----------------------------------
SMS_BASE_URL = env.text("SMS_BASE_URL", "")
IDENTITY_BASE_URL = env.text("IDENTITY_BASE_URL", "")  # real-name register (IH-04)
IDENTITY_API_KEY = env.text("IDENTITY_API_KEY", "")
SMS_API_KEY = env.text("SMS_API_KEY", "")
WECHAT_BASE_URL = env.text("WECHAT_BASE_URL", "https://api.weixin.qq.com")
WECHAT_AUTHORIZE_URL = env.text("WECHAT_AUTHORIZE_URL", "https://open.weixin.qq.com/connect/oauth2/authorize")
WECHAT_APP_ID = env.text("WECHAT_APP_ID", "")
WECHAT_APP_SECRET = env.text("WECHAT_APP_SECRET", "")
WECHATPAY_BASE_URL = env.text("WECHATPAY_BASE_URL", "https://api.mch.weixin.qq.com")
WECHATPAY_MCHID = env.text("WECHATPAY_MCHID", "")
WECHATPAY_SERIAL_NO = env.text("WECHATPAY_SERIAL_NO", "")
WECHATPAY_PRIVATE_KEY = env.text("WECHATPAY_PRIVATE_KEY", "")  # PEM of the merchant's key
WECHATPAY_APIV3_KEY = env.text("WECHATPAY_APIV3_KEY", "")
WECHATPAY_PUBLIC_KEY = env.text("WECHATPAY_PUBLIC_KEY", "")  # PEM of the platform's key
WECHATPAY_PUBLIC_KEY_ID = env.text("WECHATPAY_PUBLIC_KEY_ID", "")
ALIPAY_GATEWAY_URL = env.text("ALIPAY_GATEWAY_URL", "https://openapi.alipay.com/gateway.do")
ALIPAY_APP_ID = env.text("ALIPAY_APP_ID", "")  # empty: this hospital takes no Alipay
ALIPAY_SELLER_ID = env.text("ALIPAY_SELLER_ID", "")  # 2088...: whose money it is; each notice must name it
ALIPAY_PRIVATE_KEY = env.text("ALIPAY_PRIVATE_KEY", "")  # PEM of the application's key
ALIPAY_PUBLIC_KEY = env.text("ALIPAY_PUBLIC_KEY", "")  # PEM of Alipay's key
UNIONPAY_GATEWAY_URL = env.text("UNIONPAY_GATEWAY_URL", "https://gateway.95516.com/gateway/api")
UNIONPAY_FILE_URL = env.text("UNIONPAY_FILE_URL", "https://filedownload.95516.com/")
UNIONPAY_MER_ID = env.text("UNIONPAY_MER_ID", "")  # 15 digits; empty: this hospital takes no UnionPay
UNIONPAY_MERCHANT_PEM = env.text("UNIONPAY_MERCHANT_PEM", "")  # the merchant's key and certificate
UNIONPAY_TRUST_PEM = env.text("UNIONPAY_TRUST_PEM", "")  # the root and the links that prove UnionPay's certificate
INSURANCE_BASE_URL = env.text("INSURANCE_BASE_URL", "").rstrip("/")  # the insurer's payment centre; empty: no insurance
INSURANCE_AUTHORIZE_URL = env.text("INSURANCE_AUTHORIZE_URL", "")  # where a patient shows the insurance code
INSURANCE_APP_ID = env.text("INSURANCE_APP_ID", "")
INSURANCE_APP_SECRET = env.text("INSURANCE_APP_SECRET", "")
INSURANCE_PRIVATE_KEY = env.text("INSURANCE_PRIVATE_KEY", "")  # SM2, base64 of 32 bytes
INSURANCE_PLATFORM_PUBLIC_KEY = env.text("INSURANCE_PLATFORM_PUBLIC_KEY", "")  # SM2, base64 of 65 bytes
INSURANCE_ORG_CODE = env.text("INSURANCE_ORG_CODE", "")  # the hospital's national code, H followed by 11 digits
INSURANCE_CITY = env.text("INSURANCE_CITY", "")  # GB/T 2260
INSURANCE_LOCATION = env.text("INSURANCE_LOCATION", "")  # longitude,latitude
INVOICE_BASE_URL = env.text("INVOICE_BASE_URL", "")  # platform of electronic medical receipts; empty: none is asked
INVOICE_APP_ID = env.text("INVOICE_APP_ID", "")
INVOICE_API_KEY = env.text("INVOICE_API_KEY", "")
OUTSIDE_TIMEOUT = (3, 7)  # seconds to connect, to answer: no outside program may hold a worker longer
# Callers of one outside program at once in a process, of its WEB_THREADS (G32).
OUTSIDE_ROOM = env.number("OUTSIDE_ROOM", 3)

# --- Log: one line an event, no personal data (SEC-13) --------------------------------------------------------
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "hospital.log_lines.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {"django.server": {"handlers": ["stderr"], "propagate": False}},
}
