"""Promises of the image and of docker-compose.yml that can be read without a Docker engine."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion_dagster.instance.health import ADDRESSES

CHECKOUT = Path(__file__).parents[3]
OURS = ("migrate", "code", "webserver", "daemon")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    """Instructions, with continued lines joined and comments left out."""
    text = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_every_service_is_there(compose: Any) -> None:
    assert set(compose["services"]) == {"postgres", "redis", *OURS}
    assert compose["services"]["postgres"]["image"] == "postgres:16"
    assert compose["services"]["redis"]["image"] == "redis:7-alpine"


def test_every_published_port_is_bound_to_loopback(compose: Any) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(published) == 3
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_redis_loses_no_message_and_asks_for_a_password(compose: Any) -> None:
    command = compose["services"]["redis"]["command"]
    flags = dict(zip(command[1::2], command[2::2], strict=True))
    assert flags["--appendonly"] == "yes"
    assert flags["--appendfsync"] == "always"
    assert flags["--maxmemory-policy"] == "noeviction"
    assert "REDIS_PASSWORD" in flags["--requirepass"]


def test_no_secret_is_written_down(compose: Any) -> None:
    """Each comes from `.env`, and a missing one stops the start with a message."""
    text = (CHECKOUT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "CATALOGUE_PASSWORD", "REDIS_PASSWORD"):
        assert not re.search(rf"\$\{{{name}(?!:\?)", text)
        assert f"${{{name}:?set it in .env}}" in text
    assert re.findall(r"://\w+:([^@]+)@", text) == ["${CATALOGUE_PASSWORD:?set it in .env}"] * 2 + [
        "${REDIS_PASSWORD:?set it in .env}"
    ]


def test_nothing_starts_before_what_it_needs_is_healthy(compose: Any) -> None:
    services = compose["services"]
    assert services["migrate"]["command"] == ["ingestion", "db", "upgrade"]
    assert services["migrate"]["restart"] == "no"
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["code"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["webserver"]["depends_on"] == services["daemon"]["depends_on"]
    assert services["daemon"]["depends_on"] == {"code": {"condition": "service_healthy"}}
    assert all("healthcheck" in services[name] for name in ("postgres", "redis", "webserver", "daemon"))


def test_all_our_services_share_the_image_the_stores_and_the_strict_check_of_redis(compose: Any) -> None:
    for name in OURS:
        service = compose["services"][name]
        assert service["image"] == "ingestion-dagster"
        assert service["environment"]["INGESTION_STRICT_REDIS"] == "1"
        assert service["environment"]["DAGSTER_POSTGRES_URL"].startswith("postgresql+psycopg2://")
        mounted = {volume.rpartition(":/")[2] for volume in service["volumes"]}
        assert {"data/snapshots", "data/inbox:ro", "var/lib/dagster/storage"} <= mounted
        assert service["cap_drop"] == ["ALL"]
    named = {v.partition(":")[0] for s in compose["services"].values() for v in s["volumes"] if v[0] not in "./$"}
    assert named == set(compose["volumes"])


def test_the_image_is_slim_has_two_stages_and_does_not_run_as_root(dockerfile: list[str]) -> None:
    stages = [line for line in dockerfile if line.startswith("FROM")]
    assert stages == ["FROM python:3.12-slim AS build", "FROM python:3.12-slim"]
    last = dockerfile[dockerfile.index(stages[1]) :]
    user = next(line for line in last if line.startswith("USER"))
    assert re.fullmatch(r"USER [1-9]\d+:[1-9]\d+", user)
    assert last.index(user) < last.index(next(line for line in last if line.startswith("CMD")))
    assert any(line.startswith("HEALTHCHECK") for line in last)


def test_the_image_installs_exactly_the_locked_versions(dockerfile: list[str]) -> None:
    build = " ".join(dockerfile)
    for lock in ("requirements-setup.lock", "requirements.lock"):
        assert re.search(rf"--require-hashes[^&]*-r {re.escape(lock)}", build)


def test_all_that_the_image_copies_exists_and_reaches_the_build(dockerfile: list[str]) -> None:
    let_in = {line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [line.split()[1:-1] for line in dockerfile if line.startswith("COPY") and "--from" not in line]
    for path in [path for paths in copied for path in paths]:
        assert (CHECKOUT / path).exists(), path
        assert path.split("/")[0] in let_in, path


def test_the_webserver_and_the_daemon_ask_the_code_service(compose: Any, dockerfile: list[str]) -> None:
    workspace = yaml.safe_load((CHECKOUT / "deploy/docker/workspace.yaml").read_text())
    server = workspace["load_from"][0]["grpc_server"]
    assert server["host"] in compose["services"]
    command = next(line for line in reversed(dockerfile) if line.startswith("CMD"))
    assert f'"{server["port"]}"' in command
    local = yaml.safe_load((CHECKOUT / "workspace.yaml").read_text())["load_from"][0]["python_module"]
    assert f'"{local["module_name"]}"' in command
    assert local["location_name"] == server["location_name"]
    assert f'"{server["location_name"]}"' in command


def test_health_is_asked_of_the_process_that_works_as_ingestion_up_asks_it(compose: Any, dockerfile: list[str]) -> None:
    """A proxy before the code server would answer for one that is gone."""
    command = next(line for line in reversed(dockerfile) if line.startswith("CMD"))
    assert command.startswith('CMD ["dagster", "api", "grpc",')
    check = next(line for line in dockerfile if line.startswith("HEALTHCHECK"))
    asked = {"code": check[check.index("CMD [") + 4 :]}
    for name in ("webserver", "daemon"):
        first, *asked_of = compose["services"][name]["healthcheck"]["test"]
        assert first == "CMD"
        asked[name] = str(asked_of).replace("'", '"')
    assert "healthcheck" not in compose["services"]["code"]
    for name, words in asked.items():
        assert words == f'["python", "-m", "ingestion_dagster.instance.health", "{name}"]'
    server = yaml.safe_load((CHECKOUT / "deploy/docker/workspace.yaml").read_text())["load_from"][0]["grpc_server"]
    assert ADDRESSES["code"].endswith(f":{server['port']}")
    assert ADDRESSES["webserver"].endswith(compose["services"]["webserver"]["ports"][0].rpartition(":")[2])


def test_the_script_that_creates_the_databases_is_valid_shell(compose: Any) -> None:
    script = CHECKOUT / "deploy/docker/create-databases.sh"
    subprocess.run(["sh", "-n", str(script)], check=True)
    assert script.stat().st_mode & 0o111
    mounts = compose["services"]["postgres"]["volumes"]
    assert "./deploy/docker/create-databases.sh:/docker-entrypoint-initdb.d/create-databases.sh:ro" in mounts
    assert {"ingestion", "dagster"} <= set(re.findall(r"CREATE DATABASE (\w+)", script.read_text()))
