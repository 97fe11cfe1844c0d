"""Dagster's own home: where its instance lives and which environment its processes need. No definitions here."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion_dagster import shipped
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.settings import Settings

if TYPE_CHECKING:
    import dagster as dg


def home_of(settings: Settings) -> Path:
    """`DAGSTER_HOME`, or the folder of the embedded set-up."""
    given = os.environ.get("DAGSTER_HOME")
    return Path(given) if given else settings.dagster_home


def dagster_environment(deployment: Deployment) -> dict[str, str]:
    """The environment for Dagster's processes: this one's, with the addresses that were found or started."""
    home = home_of(deployment.settings)
    environment = dict(os.environ)
    environment |= {
        "DATABASE_URL": deployment.database_url,
        "REDIS_URL": deployment.redis_url,
        "DAGSTER_HOME": str(home),
        "DAGSTER_EVENT_BATCH_SIZE": environment.get("DAGSTER_EVENT_BATCH_SIZE", "50"),
        "INGESTION_MAX_JOBS": str(deployment.settings.max_jobs),
        "INGESTION_LOCAL_ROOT": str(deployment.settings.local_root),
        "INGESTION_INBOX": str(deployment.settings.inbox_path),
        "INGESTION_SNAPSHOT_URL": deployment.settings.snapshot_store,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a process per run would compile our modules every time
    if deployment.dagster_url and "DAGSTER_POSTGRES_URL" not in os.environ:
        environment["DAGSTER_POSTGRES_URL"] = deployment.dagster_url
    return environment


def prepare_home(settings: Settings) -> Path:
    """Dagster's home with the instance settings in it. A file that somebody else put there is left alone."""
    home = home_of(settings)
    home.mkdir(parents=True, exist_ok=True)
    ours, theirs = shipped("dagster.yaml"), home / "dagster.yaml"
    if "DAGSTER_HOME" not in os.environ or not theirs.exists():
        number = f"max_concurrent_runs: {settings.max_jobs}"
        theirs.write_text(
            re.sub(r"max_concurrent_runs: \d+", number, ours.read_text(encoding="utf-8")), encoding="utf-8"
        )
    return home


def records_are_ours(settings: Settings) -> bool:
    """Whether Dagster keeps its records where `dagster_storage.py` says; somebody's own dagster.yaml may differ."""
    return "StorageByEnvironment" in (home_of(settings) / "dagster.yaml").read_text(encoding="utf-8")


@contextmanager
def instance(deployment: Deployment) -> Iterator["dg.DagsterInstance"]:
    """The instance that the UI shows, where there is one; else one that is forgotten afterwards."""
    import dagster as dg

    if deployment.dagster_url is None and "DAGSTER_HOME" not in os.environ:
        with dg.DagsterInstance.ephemeral() as made:
            yield made
        return
    prepare_home(deployment.settings)
    known = dagster_environment(deployment)
    before = dict(os.environ)
    os.environ.update({name: known[name] for name in known if name.startswith(("DAGSTER_", "INGESTION_"))})
    try:
        with dg.DagsterInstance.get() as found:
            yield found
    finally:
        os.environ.clear()
        os.environ.update(before)
