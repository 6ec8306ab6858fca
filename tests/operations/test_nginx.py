"""deploy/nginx.conf, by a real nginx: who is sent where, what a client can't claim, what is refused at the door."""

import json
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.operations.production import Nginx, open_folder, program
from tests.waiting import wait_until


class Echo(BaseHTTPRequestHandler):
    """Stands for `web`: answers what it was asked."""

    protocol_version = "HTTP/1.1"
    stands_for = "web"

    def _answer(self) -> None:
        said = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")[:100]
        body = json.dumps(
            {
                "path": self.path,
                "method": self.command,
                "said": said,
                "headers": {**self.headers, "X-Stand-In": self.stands_for},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def talk(line: ServerConnection) -> None:
    """Stands for `realtime`: says back what it hears, after what it was asked with."""
    assert line.request is not None
    line.send(json.dumps({"path": line.request.path, "headers": dict(line.request.headers.raw_items())}))
    for word in line:
        line.send(word)


@pytest.fixture(scope="module")
def door() -> Iterator[Nginx]:
    program("nginx")
    web = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    realtime = serve(talk, "127.0.0.1", 0)
    threading.Thread(target=realtime.serve_forever, daemon=True).start()
    nginx = Nginx(open_folder(), web=web.server_address[1], realtime=realtime.socket.getsockname()[1])
    try:
        nginx.start()
        yield nginx
    finally:
        nginx.stop()
        shutil.rmtree(nginx.folder, ignore_errors=True)
        web.shutdown()
        web.server_close()
        realtime.shutdown()


def get(door: Nginx, path: str, **options: Any) -> requests.Response:
    return requests.get(door.url + path, verify=str(door.trusted), timeout=10, **options)


def test_nginx_itself_takes_the_configuration(door: Nginx) -> None:
    done = door.check()
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_a_spoiled_configuration_is_refused(door: Nginx) -> None:
    whole = door.conf.read_text(encoding="utf-8")
    door.conf.write_text(whole.replace("proxy_pass http://$web;", "proxy_passes http://$web;", 1), encoding="utf-8")
    try:
        assert door.check().returncode != 0
    finally:
        door.conf.write_text(whole, encoding="utf-8")


@pytest.mark.parametrize("path", ["/", "/doctors/?q=lin", "/static/css/tokens.css", "/api/v1/doctors/"])
def test_pages_and_static_files_come_from_web(door: Nginx, path: str) -> None:
    assert get(door, path).json()["path"] == path


def test_who_asks_for_a_place_goes_to_the_lane_and_to_web_when_that_is_down() -> None:
    """The whole request goes on: method, body, key. One's list of bookings is a page like others."""
    program("nginx")
    places = {
        name: ThreadingHTTPServer(("127.0.0.1", 0), type(name, (Echo,), {"stands_for": name}))
        for name in ("web", "lane")
    }
    for server in places.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = {name: server.server_address[1] for name, server in places.items()}
    nginx = Nginx(open_folder(), web=ports["web"], realtime=ports["lane"])
    url = f"{nginx.url}/api/v1/bookings/"

    def asked() -> Any:
        headers = {"Idempotency-Key": "k1", "X-Forwarded-For": "203.0.113.7"}
        return requests.post(url, '{"period_id": 1}', headers=headers, verify=str(nginx.trusted), timeout=10).json()

    try:
        nginx.start()
        by_lane = asked()
        assert requests.get(url, verify=str(nginx.trusted), timeout=10).json()["headers"]["X-Stand-In"] == "web"
        places["lane"].shutdown()
        places["lane"].server_close()
        by_web = asked()
        assert (by_lane["headers"].pop("X-Stand-In"), by_web["headers"].pop("X-Stand-In")) == ("lane", "web")
        assert by_lane == by_web and by_web["said"] == '{"period_id": 1}' and by_web["method"] == "POST"
        assert by_web["headers"]["Idempotency-Key"] == "k1" and by_web["headers"]["X-Forwarded-For"] == "127.0.0.1"
    finally:
        nginx.stop()
        shutil.rmtree(nginx.folder, ignore_errors=True)
        places["web"].shutdown()
        places["web"].server_close()


def test_what_a_client_claims_about_itself_is_thrown_away(door: Nginx) -> None:
    claims = {"X-Forwarded-For": "203.0.113.7, 10.0.0.1", "X-Forwarded-Proto": "http", "Connection": "keep-alive"}
    headers = get(door, "/", headers=claims).json()["headers"]
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["Host"] == f"localhost:{door.port}"


def test_plain_http_is_sent_to_https_and_keeps_its_method(door: Nginx) -> None:
    answer = requests.post(f"http://localhost:{door.plain}/pay/?x=1", timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, "https://localhost/pay/?x=1")


def test_sockets_go_to_realtime_and_stay_open_both_ways(door: Nginx) -> None:
    trust = ssl.create_default_context(cafile=str(door.trusted))
    claims = {"X-Forwarded-For": "203.0.113.7"}
    with connect(f"wss://localhost:{door.port}/ws/talk/7/", ssl=trust, additional_headers=claims) as line:
        asked = json.loads(line.recv(timeout=10))
        assert asked["path"] == "/ws/talk/7/" and asked["headers"]["X-Forwarded-For"] == "127.0.0.1"
        assert asked["headers"]["Host"] == f"localhost:{door.port}"
        line.send("你好")
        assert line.recv(timeout=10) == "你好"


def test_nobody_gets_a_socket_elsewhere(door: Nginx) -> None:
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "eA==",
        "Sec-WebSocket-Version": "13",
    }
    headers = get(door, "/doctors/", headers=upgrade).json()["headers"]
    assert "Upgrade" not in headers and headers.get("Connection", "close") == "close"


@pytest.mark.parametrize("path", ["/.git/config", "/.env", "/static/.hidden", "/x/.ssh/id_rsa", "/%2egit/config"])
def test_names_that_begin_with_a_dot_are_nobodys(door: Nginx, path: str) -> None:
    assert get(door, path).status_code == 404


def test_a_body_that_is_too_large_is_refused_unread(door: Nginx) -> None:
    answer = requests.post(f"{door.url}/", data=b"x" * (26 * 1024 * 1024), verify=str(door.trusted), timeout=20)
    assert answer.status_code == 413


def test_one_address_that_hammers_gets_429_and_others_do_not_wait(door: Nginx) -> None:
    with requests.Session() as hammer:
        hammer.verify, hammer.trust_env = str(door.trusted), False
        answers = {hammer.get(f"{door.url}/doctors/", timeout=10).status_code for _ in range(400)}
    assert answers == {200, 429}
    assert get(door, "/static/css/tokens.css").status_code == 200  # files aren't counted


def test_the_log_has_no_query_strings(door: Nginx) -> None:
    get(door, "/static/x.css?code=133557&phone=13800138000")
    log = door.folder / "access.log"
    # nginx writes the line when its answer is on its way already
    wait_until(lambda: "/static/x.css" in log.read_text(encoding="utf-8"), "the line of the request")
    lines = log.read_text(encoding="utf-8")
    assert "133557" not in lines and "13800138000" not in lines


def test_health_is_told_inside_alone(door: Nginx) -> None:
    assert requests.get(f"http://127.0.0.1:{door.health}/", timeout=5).status_code == 204


def test_while_the_house_is_down_people_read_that_nothing_is_lost() -> None:
    program("nginx")
    with socket.socket() as nobody:  # a port where nobody listens
        nobody.bind(("127.0.0.1", 0))
        nginx = Nginx(open_folder(), web=nobody.getsockname()[1], realtime=nobody.getsockname()[1])
        try:
            nginx.start()
            answer = get(nginx, "/visits/")
        finally:
            nginx.stop()
            shutil.rmtree(nginx.folder, ignore_errors=True)
    assert answer.status_code == 502
    assert "不会丢失" in answer.content.decode() and "120" in answer.content.decode()
    assert "nginx" not in answer.text.lower()
