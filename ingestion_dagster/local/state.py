"""What the guardian tells its users: the addresses, in one private file that is replaced as a whole."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Services:
    """Addresses of a running set. Each holds a password: print them for the person at the terminal, log them nowhere.

    `database_url` is the catalogue, `dagster_url` Dagster's own storage on the same server.
    """

    database_url: str
    dagster_url: str
    redis_url: str
    postgres_port: int
    redis_port: int
    guardian_pid: int
    postgres_pid: int
    redis_pid: int


def write_private(path: Path, content: object) -> None:
    """Replace a JSON file at once, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=1)
        fresh.replace(path)
    except OSError:  # a full disk
        fresh.unlink(missing_ok=True)
        raise


def publish(path: Path, services: Services) -> None:
    write_private(path, asdict(services))


def read(path: Path) -> Services | None:
    """The addresses, or None where no set is ready."""
    try:
        return Services(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def passwords(path: Path) -> dict[str, str]:
    """One password per server, made at the first start. They lie beside the data that they open."""
    try:
        known: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        known = {name: secrets.token_urlsafe(24) for name in ("postgres", "redis")}
        write_private(path, known)
    return known


def last_ports(path: Path) -> dict[str, int]:
    """The ports of the previous run, to be used again where they are free."""
    try:
        return {str(name): int(port) for name, port in json.loads(path.read_text()).items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {}
