"""docker-compose.yml is whole: well formed, every part of the house in it, every setting given, no secret in it."""

import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
OF_THE_APPLICATION = {"migrate", "web", "realtime", "worker", "beat", "mllp"}
PARTS = OF_THE_APPLICATION | {"postgres", "pgbouncer", "redis", "nginx", "orthanc", "coturn"}
SECRET_WORDS = re.compile(r"(KEY|KEYS|SECRET|PASSWORD|DATABASE_URL)$")
NO_SECRETS = {"WECHATPAY_PUBLIC_KEY"}  # the platform's, which everybody may see; it is a file because it is a PEM

# The part of the Compose specification that we use. A misspelled or unknown word is an error: Compose would refuse it,
# or worse, some versions would pass over it.
_WORDS = {"type": "array", "items": {"type": "string"}}
_NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_-]*$"}
_DURATION = {"type": "string", "pattern": r"^(\d+(ms|s|m|h))+$"}
_CONDITION = {"enum": ["service_started", "service_healthy", "service_completed_successfully"]}
_SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "image": {"type": "string", "pattern": r"^[a-z0-9./_-]+(:[A-Za-z0-9._-]+)?$"},
        "build": {
            "type": "object", "required": ["context", "target"], "additionalProperties": False,
            "properties": {"context": {"const": "."}, "target": _NAME},
        },
        "command": _WORDS, "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "init": {"type": "boolean"}, "env_file": {"type": "string"},
        "environment": {"type": "object", "patternProperties": {"^[A-Z][A-Z0-9_]*$": {"type": "string"}},
                        "additionalProperties": False},
        "secrets": {"type": "array", "items": _NAME, "uniqueItems": True},
        "volumes": {"type": "array", "items": {"type": "string", "pattern": r"^[^:]+:/[^:]+(:ro)?$"}},
        "networks": {"type": "array", "items": _NAME}, "network_mode": {"const": "host"},
        "ports": {"type": "array", "items": {"type": "string", "pattern": r"^(\$\{[A-Z_]+:-[\d.]+\}:)?\d+:\d+$"}},
        "stop_grace_period": _DURATION,
        "depends_on": {"type": "object", "patternProperties": {"": {
            "type": "object", "required": ["condition"], "additionalProperties": False,
            "properties": {"condition": _CONDITION}}}},
        "healthcheck": {
            "type": "object", "required": ["test"], "additionalProperties": False,
            "properties": {
                "test": {"type": "array", "minItems": 2, "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}],
                         "items": {"type": "string"}},
                "interval": _DURATION, "timeout": _DURATION, "start_period": _DURATION, "retries": {"type": "integer"},
            },
        },
    },
    "anyOf": [{"required": ["image"]}, {"required": ["build"]}],
}  # fmt: skip
SCHEMA = {
    "type": "object",
    "required": ["name", "services"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": _NAME,
        "services": {"type": "object", "patternProperties": {"^[a-z][a-z0-9_-]*$": _SERVICE}, "additionalProperties": False},
        "networks": {"type": "object", "additionalProperties": {
            "type": "object", "additionalProperties": False, "properties": {"internal": {"type": "boolean"}}}},
        "volumes": {"type": "object", "additionalProperties": {"type": "object", "maxProperties": 0}},
        "secrets": {"type": "object", "additionalProperties": {
            "type": "object", "required": ["file"], "additionalProperties": False,
            "properties": {"file": {"type": "string", "pattern": "^deploy/secrets/[a-z0-9_]+$"}}}},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def settings_text() -> str:
    return (PROJECT / "hospital" / "settings.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    text = (PROJECT / "deploy" / "hospital.env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Z][A-Z_0-9]*)=(.*)$", text, re.M))


def read_by(settings_text: str) -> dict[str, bool]:
    """Every variable that settings.py reads; True when it has no default (a flag's is off)."""
    calls = re.findall(r"""env\.(text|flag|number|words|database)\(\s*"([A-Z_0-9]+)"(\s*,)?""", settings_text)
    return {name: not comma and how != "flag" for how, name, comma in calls}


def given_to(service: Any, example: dict[str, str]) -> set[str]:
    """The variables that a service has, a file's under the name that settings.py reads."""
    names = set(service.get("environment") or {}) | (set(example) if service.get("env_file") else set())
    return {name.removesuffix("_FILE") for name in names}


def test_it_is_well_formed(compose: Any) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(compose)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("depends_on:", "depend_on:", 1),
        lambda text: text.replace("condition: service_healthy", "condition: healthy", 1),
        lambda text: text.replace('DATABASE_POOLED: "1"', "DATABASE_POOLED: 1", 1),
        lambda text: text.replace("interval: 10s", "interval: ten", 1),
    ],
)
def test_the_schema_sees_what_is_spoiled(spoil: Any) -> None:
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    assert spoil(text) != text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(yaml.safe_load(spoil(text)))


def test_every_part_of_the_house_is_there_and_says_whether_it_is_well(compose: Any) -> None:
    assert set(compose["services"]) == PARTS
    silent = {name for name, what in compose["services"].items() if "healthcheck" not in what}
    assert silent == {"migrate", "coturn"}  # one ends by itself, the other speaks UDP


def test_what_is_named_exists(compose: Any) -> None:
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", dockerfile, re.M))
    commands = {path.stem for path in PROJECT.glob("**/management/commands/*.py") if ".venv" not in path.parts}
    used: dict[str, set[str]] = {"networks": set(), "volumes": set(), "secrets": set()}
    for name, what in compose["services"].items():
        assert set(what.get("depends_on", {})) <= PARTS, name
        if "build" in what:
            assert what["build"]["target"] in targets, name
        used["networks"] |= set(what.get("networks", []))
        used["secrets"] |= set(what.get("secrets", []))
        for volume in what.get("volumes", []):
            source = volume.partition(":")[0]
            if not source.startswith("./"):
                used["volumes"].add(source)
            elif source != "./deploy/tls":  # the installation's own
                assert (PROJECT / source).exists(), f"{name} mounts {source}"
        for command in re.findall(r"manage\.py (\w+)", " ".join(what.get("command", []))):
            assert command in commands | {"check", "migrate"}, f"{name} calls {command}"
    for kind, names in used.items():
        assert names == set(compose[kind]), kind
    for script in re.findall(r"^COPY (deploy/\S+) ", dockerfile, re.M):
        assert (PROJECT / script).exists(), script


def test_every_service_waits_for_what_it_needs(compose: Any) -> None:
    for name in OF_THE_APPLICATION - {"migrate"}:
        needs = compose["services"][name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully", name
        assert needs["pgbouncer"]["condition"] == needs["redis"]["condition"] == "service_healthy", name
    assert set(compose["services"]["nginx"]["depends_on"]) == {"web", "realtime"}


def test_every_variable_that_settings_require_is_given(
    compose: Any, settings_text: str, example: dict[str, str]
) -> None:
    required = {name for name, must in read_by(settings_text).items() if must}
    assert {"SECRET_KEY", "DATABASE_URL", "FIELD_KEYS"} <= required
    for name in OF_THE_APPLICATION:
        missing = required - given_to(compose["services"][name], example)
        assert not missing, f"{name} is not given {missing}"


def test_every_variable_that_is_given_is_read(compose: Any, settings_text: str, example: dict[str, str]) -> None:
    elsewhere = {"TURN_REALM", "TURN_EXTERNAL_IP", "MLLP_ALLOW"}  # coturn's, and the listener's own command's
    unread = given_to(compose["services"]["web"], example) - set(read_by(settings_text)) - elsewhere
    assert not unread


def test_secrets_come_as_files_and_have_no_default(compose: Any, settings_text: str, example: dict[str, str]) -> None:
    secret = {name for name in read_by(settings_text) if SECRET_WORDS.search(name)}
    for name in OF_THE_APPLICATION:
        service = compose["services"][name]
        bare = {key for key in service["environment"] if SECRET_WORDS.search(key)}
        assert not bare, f"{name} has {bare} outside a file"
        files = {key.removesuffix("_FILE") for key in service["environment"] if key.endswith("_FILE")}
        assert secret <= files, f"{name} is not given {secret - files}"
    assert not [name for name in example if SECRET_WORDS.search(name)]
    for name in secret - NO_SECRETS:
        default = re.search(rf'env\.\w+\("{name}",\s*"([^"]*)"', settings_text)
        assert default is None or default[1] == "", f"{name} has the default {default and default[1]!r}"


def test_every_secret_is_made_or_asked_for(compose: Any, tmp_path: Path) -> None:
    """`make-secrets.sh` runs twice: each secret is made once, apart from the others, or named as missing."""
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "make-secrets.sh"
    script.write_text((PROJECT / "deploy" / "make-secrets.sh").read_text(encoding="utf-8"), encoding="utf-8")
    runs = [subprocess.run(["sh", str(script)], capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1]
    folder = tmp_path / "deploy" / "secrets"
    made = {path.name: path.read_text(encoding="utf-8").strip() for path in folder.iterdir()}
    for name in compose["secrets"]:
        assert name in made or f"/{name} " in runs[0], f"{name} is neither made nor asked for"
    assert len(set(made.values())) == len(made) and all(len(value) >= 24 for value in made.values())
    assert made["app_password"] in made["database_url"] and "@pgbouncer:6432/" in made["database_url"]
    assert made["owner_password"] in made["owner_database_url"] and "@postgres:5432/" in made["owner_database_url"]
    for service, what in compose["services"].items():
        used = {str(value).rpartition("/")[2] for key, value in (what.get("environment") or {}).items()
                if key.endswith("_FILE")}  # fmt: skip
        assert used <= set(what.get("secrets", [])), f"{service} reads a secret that it is not given"


def test_only_the_doors_are_open_to_the_outside(compose: Any) -> None:
    """Pages by nginx; HL7 and DICOM at the inner network's address alone; the rest can't be reached from outside."""
    open_doors = {name: what["ports"] for name, what in compose["services"].items() if "ports" in what}
    assert set(open_doors) == {"nginx", "mllp", "orthanc"}
    for name in ("mllp", "orthanc"):
        assert all(port.startswith("${LAN_ADDRESS:-127.0.0.1}:") for port in open_doors[name])
    assert compose["networks"]["inside"]["internal"] is True
    for name in ("postgres", "pgbouncer", "redis"):
        assert compose["services"][name]["networks"] == ["inside"]


def test_the_pool_is_told_to_everybody_who_goes_through_it(compose: Any) -> None:
    for name in OF_THE_APPLICATION - {"migrate"}:
        assert compose["services"][name]["environment"]["DATABASE_POOLED"] == "1", name
    assert compose["services"]["migrate"]["environment"]["DATABASE_POOLED"] == "0"
    assert re.search(r"^pool_mode = transaction$", (PROJECT / "deploy" / "pgbouncer.ini").read_text(), re.M)


def test_a_frame_of_a_socket_is_small(compose: Any) -> None:
    """A socket carries lines of talk; pictures go by URL, so that nobody may fill the memory with frames (G19)."""
    from consult.consumers import MOST_BYTES

    command = compose["services"]["realtime"]["command"]
    most = int(command[command.index("--ws-max-size") + 1])
    assert MOST_BYTES <= most <= 64 * 1024
