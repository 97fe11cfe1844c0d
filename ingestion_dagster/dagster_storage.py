"""Where Dagster keeps its own records: PostgreSQL where the environment names one, else SQLite below `.local`.

dagster.yaml can take a value from the environment but knows no default, so this class, which it names, decides.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

VARIABLE = "DAGSTER_POSTGRES_URL"


class StorageByEnvironment(DagsterStorage, ConfigurableClass):
    """Named in dagster.yaml; never exists itself, but as the storage it stands for."""

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """Nothing to configure: the environment does."""
        return {}

    @classmethod
    def from_config_value(  # type: ignore[override]  # it stands for another storage and is none itself
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterStorage:
        """SQLAlchemy 2.1 takes a plain `postgresql://` for psycopg 3; Dagster brings psycopg2, so that is said."""
        url = os.environ.get(VARIABLE)
        if url:
            scheme, _, rest = url.partition("://")
            return DagsterPostgresStorage(f"{scheme.split('+')[0]}+psycopg2://{rest}", inst_data=inst_data)
        home = os.environ.get("DAGSTER_HOME")
        base = Path(home) if home else Path.cwd() / ".local" / "dagster"
        (base / "storage").mkdir(parents=True, exist_ok=True)
        return DagsterSqliteStorage.from_local(str(base / "storage"), inst_data)
