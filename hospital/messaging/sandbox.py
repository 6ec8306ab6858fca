"""A stand-in for the SMS gateway and for WeChat's public-account API, speaking their wire formats over HTTP.

It belongs to the demo and to tests. Mounted by `manage.py sandbox` under /sms and /wechat; what it was sent lies in
one SQLite file, so that a restart forgets nothing. It can be told to fail:

    POST /sms/_sandbox/behave {"mode": "ok|error|refuse|hang|drop", "times": 3}   GET /sms/_sandbox/log

`error` answers 500, `refuse` 400, `hang` doesn't answer in time, `drop` accepts the message and then fails.
"""

import html
import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Answer = tuple[str, str, str, list[tuple[str, str]]]  # status, content type, body, more headers

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sms (id INTEGER PRIMARY KEY, key TEXT UNIQUE, receiver TEXT, template TEXT, text TEXT,
    calls INTEGER NOT NULL DEFAULT 1, at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')));
CREATE TABLE IF NOT EXISTS wechat (id INTEGER PRIMARY KEY, key TEXT UNIQUE, receiver TEXT, template TEXT, text TEXT,
    calls INTEGER NOT NULL DEFAULT 1, at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')));
CREATE TABLE IF NOT EXISTS oauth (code TEXT PRIMARY KEY, openid TEXT);
CREATE TABLE IF NOT EXISTS behaviour (channel TEXT PRIMARY KEY, mode TEXT, times INTEGER);
"""
_DEMO_USERS = {"o-demo-wang": "王芳", "o-demo-zhao": "赵敏", "o-demo-guest": "访客"}
_HANG_SECONDS = 30.0


class Sandbox:
    def __init__(self, state_dir: Path) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self._path = state_dir / "messages.sqlite3"
        self._lock = threading.Lock()
        self._closing = threading.Event()
        with self._connect() as database:
            database.executescript(_SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=10)
        database.row_factory = sqlite3.Row
        return database

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        length = int(environ.get("CONTENT_LENGTH") or 0)
        raw = environ["wsgi.input"].read(length) if length else b""
        status, kind, body, more = self._route(environ["REQUEST_METHOD"], path, query, raw)
        start_response(status, [("Content-Type", kind), ("Cache-Control", "no-store"), *more])
        return [body.encode()]

    def _route(self, method: str, path: str, query: dict[str, str], raw: bytes) -> Answer:
        match method, path:
            case "POST", "/sms/send":
                return self._send_sms(json.loads(raw))
            case "POST", "/wechat/cgi-bin/stable_token":
                return _json({"access_token": "sandbox-token", "expires_in": 7200})
            case "POST", "/wechat/cgi-bin/message/template/send":
                return self._send_template(query, json.loads(raw))
            case "GET", "/wechat/connect/oauth2/authorize":
                return self._authorize_page(query)
            case "GET", "/wechat/_sandbox/approve":
                return self._approve(query)
            case "GET", "/wechat/sns/oauth2/access_token":
                return self._oauth_token(query)
            case "GET", "/wechat/sns/userinfo":
                nickname = _DEMO_USERS.get(query.get("openid", ""), "微信用户")
                # WeChat itself says text/plain.
                return "200 OK", "text/plain", json.dumps({"openid": query.get("openid"), "nickname": nickname}), []
            case "POST", "/sms/_sandbox/behave" | "/wechat/_sandbox/behave":
                return self._behave(path.split("/")[1], json.loads(raw))
            case "GET", "/sms/_sandbox/log" | "/wechat/_sandbox/log":
                return self._log(path.split("/")[1])
        return "404 Not Found", "application/json", '{"error": "unknown path"}', []

    def _send_sms(self, body: dict[str, Any]) -> Answer:
        mode = self._next_mode("sms")
        refused = self._fault(mode)
        if refused:
            return refused
        number = self._store(
            "sms", body["idempotency_key"], body["to"], body["template"], body["params"].get("text", "")
        )
        return _dropped() if mode == "drop" else _json({"id": str(number), "status": "accepted"})

    def _send_template(self, query: dict[str, str], body: dict[str, Any]) -> Answer:
        if query.get("access_token") != "sandbox-token":
            return _json({"errcode": 40001, "errmsg": "invalid credential"})
        mode = self._next_mode("wechat")
        refused = self._fault(mode)
        if refused:
            return refused
        text = " ".join(str(part["value"]) for part in body["data"].values())
        number = self._store("wechat", body["client_msg_id"], body["touser"], body["template_id"], text)
        return _dropped() if mode == "drop" else _json({"errcode": 0, "errmsg": "ok", "msgid": number})

    def _fault(self, mode: str) -> Answer | None:
        if mode == "error":
            return "500 Internal Server Error", "application/json", "{}", []
        if mode == "refuse":
            return "400 Bad Request", "application/json", '{"error": "receiver refused"}', []
        if mode == "hang":
            self._closing.wait(_HANG_SECONDS)
            return "504 Gateway Timeout", "application/json", "{}", []
        return None

    def _store(self, table: str, key: str, receiver: str, template: str, text: str) -> int:
        """The same key again is counted, not sent again: what a provider's idempotency promises."""
        with self._lock, self._connect() as database:
            row = database.execute(
                f"INSERT INTO {table} (key, receiver, template, text) VALUES (?, ?, ?, ?) "  # noqa: S608 - own names
                "ON CONFLICT (key) DO UPDATE SET calls = calls + 1 RETURNING id",
                (key, receiver, template, text),
            ).fetchone()
            return int(row["id"])

    def _next_mode(self, channel: str) -> str:
        with self._lock, self._connect() as database:
            row = database.execute("SELECT mode, times FROM behaviour WHERE channel = ?", (channel,)).fetchone()
            if row is None or row["times"] <= 0:
                return "ok"
            database.execute("UPDATE behaviour SET times = times - 1 WHERE channel = ?", (channel,))
            return str(row["mode"])

    def _behave(self, channel: str, body: dict[str, Any]) -> Answer:
        with self._lock, self._connect() as database:
            database.execute(
                "INSERT OR REPLACE INTO behaviour VALUES (?, ?, ?)", (channel, body["mode"], int(body.get("times", 1)))
            )
        return _json({"ok": True})

    def _log(self, table: str) -> Answer:
        with self._connect() as database:
            rows = database.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()  # noqa: S608 - own names
        return _json({"messages": [dict(row) for row in rows]})

    def _authorize_page(self, query: dict[str, str]) -> Answer:
        """WeChat's consent page: choose who you are in the demo."""
        links = []
        for openid, name in _DEMO_USERS.items():
            target = urlencode({"openid": openid, "back": query["redirect_uri"], "state": query.get("state", "")})
            links.append(f'<p><a href="/wechat/_sandbox/approve?{html.escape(target)}">{html.escape(name)}</a></p>')
        page = "<!doctype html><html lang=zh><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        page += f"<title>微信登录（演示）</title><h1>微信登录（演示）</h1>{''.join(links)}"
        return "200 OK", "text/html; charset=utf-8", page, []

    def _approve(self, query: dict[str, str]) -> Answer:
        code = secrets.token_urlsafe(16)
        with self._lock, self._connect() as database:
            database.execute("INSERT INTO oauth VALUES (?, ?)", (code, query["openid"]))
        target = (
            f"{query['back']}{'&' if '?' in query['back'] else '?'}{urlencode({'code': code, 'state': query['state']})}"
        )
        return "302 Found", "text/plain", "", [("Location", target)]

    def _oauth_token(self, query: dict[str, str]) -> Answer:
        with self._lock, self._connect() as database:
            row = database.execute("DELETE FROM oauth WHERE code = ? RETURNING openid", (query.get("code"),)).fetchone()
        if row is None:
            return "200 OK", "text/plain", json.dumps({"errcode": 40029, "errmsg": "invalid code"}), []
        body = {
            "access_token": "sandbox-user-token",
            "expires_in": 7200,
            "openid": row["openid"],
            "scope": "snsapi_base",
        }
        return "200 OK", "text/plain", json.dumps(body), []


def _json(body: dict[str, Any]) -> Answer:
    return "200 OK", "application/json; charset=utf-8", json.dumps(body, ensure_ascii=False), []


def _dropped() -> Answer:
    return "502 Bad Gateway", "application/json", "{}", []


def make_app(state_dir: Path) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """The WSGI application, with its state below `state_dir`."""
    return Sandbox(state_dir)
