"""The environment: what is documented is what is read."""

import re
from pathlib import Path

import pytest

from ingestion_dagster.settings import CHECKOUT, Settings

EXAMPLE = CHECKOUT / ".env.example"
COMPOSE = set(re.findall(r"\$\{([A-Z_]+)", (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")))
NOT_OURS = COMPOSE | {"DAGSTER_HOME", "DAGSTER_POSTGRES_URL"}


def names_in_example() -> set[str]:
    return set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


def names_of_settings() -> set[str]:
    names = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names |= set(alias.choices) if alias is not None else {f"INGESTION_{name.upper()}"}
    return names


def test_the_example_names_every_setting_and_no_other() -> None:
    assert names_in_example() - (NOT_OURS - names_of_settings()) == names_of_settings()


def test_the_example_names_what_docker_compose_asks_for() -> None:
    assert names_in_example() >= COMPOSE


def test_the_example_shows_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    from_example = Settings(_env_file=EXAMPLE)
    assert from_example == Settings(_env_file=None)


def test_hosts_are_a_comma_separated_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGESTION_ALLOWED_HOSTS", "Docs.Google.com, sheets.example")
    monkeypatch.setenv("INGESTION_ALERT_WEBHOOK_HOSTS", "Hooks.Example.com")
    assert Settings(_env_file=None).allowed_hosts == ("docs.google.com", "sheets.example")
    assert Settings(_env_file=None).alert_webhook_hosts == ("hooks.example.com",)


def test_passwords_show_in_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:canary-7f3a@host/db")
    assert "canary-7f3a" not in repr(Settings(_env_file=None))
