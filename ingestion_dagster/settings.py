"""The environment, read and checked once. Every variable the system knows is a field here and in `.env.example`.

Other modules ask for these, but for the few that Dagster starts or that start it, named with their reasons in the
tests. Secrets are `SecretStr`, so they show in no log and no exception.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingestion_dagster import shipped

CHECKOUT = Path(__file__).resolve().parent.parent
_UI_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")
GOOGLE_HOSTS = ("docs.google.com", "sheets.googleapis.com", "www.googleapis.com", "drive.google.com")


def default_root() -> Path:
    """`.local` of the checkout, or of the current folder where the package was installed from a wheel."""
    return (CHECKOUT if shipped("dagster.yaml").parent == CHECKOUT else Path.cwd()) / ".local"


class Settings(BaseSettings):
    """All settings. Names without an alias are read with the prefix `INGESTION_`."""

    model_config = SettingsConfigDict(env_prefix="INGESTION_", env_file=".env", extra="ignore", populate_by_name=True)

    database_url: SecretStr | None = Field(None, validation_alias=AliasChoices("DATABASE_URL"))
    redis_url: SecretStr | None = Field(None, validation_alias=AliasChoices("REDIS_URL"))
    google_credentials: Path | None = Field(None, validation_alias=AliasChoices("GOOGLE_APPLICATION_CREDENTIALS"))
    local_root: Path = Field(default_factory=default_root)
    inbox: Path | None = None
    snapshot_url: str | None = None
    reference_url: str | None = None

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = GOOGLE_HOSTS
    google_sheets_url: str = "https://sheets.googleapis.com"
    google_drive_url: str = "https://www.googleapis.com"
    google_reads_per_minute_user: int = Field(60, ge=1)
    google_reads_per_minute_project: int = Field(300, ge=1)
    google_deadline: float = Field(180.0, gt=0)
    google_pause_seconds: float = Field(1.0, gt=0)
    registry_sheet: str | None = None

    max_jobs: int = Field(5, ge=1, le=100)
    job_timeout: int = Field(300, ge=10)
    max_retries: int = Field(3, ge=0, le=100)
    retry_base_seconds: float = Field(5.0, gt=0)
    retry_cap_seconds: float = Field(900.0, gt=0)
    claim_batch: int = Field(200, ge=1, le=1000)
    max_waiting: int = Field(10_000, ge=1)
    sensor_wait_seconds: float = Field(4.0, ge=0, le=20)
    result_ttl_seconds: int = Field(7 * 24 * 3600, ge=1)
    max_message_bytes: int = Field(64 * 1024, ge=1024)
    strict_redis: bool = False

    db_pool_size: int = Field(1, ge=1, le=20)
    db_max_overflow: int = Field(1, ge=0, le=20)
    db_statement_timeout: int = Field(120, ge=1)
    db_lock_timeout: int = Field(30, ge=1)
    db_idle_timeout: int = Field(60, ge=1)
    db_pgbouncer: bool = False

    max_file_bytes: int = Field(50 * 1024 * 1024, ge=1024)
    max_unpacked_bytes: int = Field(200 * 1024 * 1024, ge=1024)
    parser_memory_bytes: int = Field(2 * 1024**3, ge=128 * 1024 * 1024)
    parser_seconds: float = Field(60.0, gt=0)

    missing_grace_loads: int = Field(3, ge=1)
    snapshot_keep_last: int = Field(30, ge=1)
    snapshot_keep_days: int = Field(90, ge=1)
    work_keep_days: int = Field(14, ge=2)
    log_format: Literal["console", "json"] = "console"
    ui_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    alert_webhook_url: SecretStr | None = None
    alert_webhook_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    alert_email_to: Annotated[tuple[str, ...], NoDecode] = ()
    alert_email_from: str = "ingestion@localhost"
    alert_smtp_url: SecretStr | None = None

    @field_validator("allowed_hosts", "alert_webhook_hosts", mode="before")
    @classmethod
    def _hosts_from_list(cls, value: object) -> object:
        """A comma-separated list, as people write it in a shell; a host's name has no letter case."""
        return tuple(v.strip().lower() for v in value.split(",") if v.strip()) if isinstance(value, str) else value

    @field_validator("alert_email_to", mode="before")
    @classmethod
    def _names_from_list(cls, value: object) -> object:
        """A comma-separated list."""
        return tuple(v.strip() for v in value.split(",") if v.strip()) if isinstance(value, str) else value

    @field_validator("ui_hosts", mode="before")
    @classmethod
    def _ui_hosts_from_list(cls, value: object) -> object:
        """A comma-separated list of names as a browser's address bar shows them, with a port where it shows one."""
        hosts = tuple(v.strip().lower() for v in value.split(",") if v.strip()) if isinstance(value, str) else value
        for host in hosts if isinstance(hosts, tuple) else ():
            if not _UI_HOST.fullmatch(host):
                raise ValueError(f"INGESTION_UI_HOSTS takes names such as prices.example or 10.0.0.5:3000: {host!r}")
        return hosts

    @field_validator("alert_webhook_url", "alert_smtp_url", mode="before")
    @classmethod
    def _blank_alert_is_absent(cls, value: object) -> object:
        """`INGESTION_ALERT_WEBHOOK_URL=` in an env file means "not set"."""
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator(
        "database_url", "redis_url", "google_credentials", "inbox", "snapshot_url", "reference_url", mode="before"
    )
    @classmethod
    def _blank_is_absent(cls, value: object) -> object:
        """`DATABASE_URL=` in an env file means "not set"."""
        return None if isinstance(value, str) and not value.strip() else value

    @property
    def inbox_path(self) -> Path:
        """The only folder that file sources may read."""
        return (self.inbox or self.local_root / "inbox").absolute()

    @property
    def snapshot_store(self) -> str:
        """fsspec URL of the snapshot store."""
        return self.snapshot_url or str((self.local_root / "snapshots").absolute())

    @property
    def reference_store(self) -> str:
        """fsspec URL of what one op of a run hands to the next, a folder per run."""
        return self.reference_url or f"{self.snapshot_store.rstrip('/')}/references"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance folder where `DAGSTER_HOME` is not set."""
        return (self.local_root / "dagster").absolute()


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings."""
    return Settings()
