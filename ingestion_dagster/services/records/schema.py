"""The catalogue's schema: which one it has, and bringing it to another. What a migration does is in `migrations/`."""

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store import migrate


def current(deployment: Deployment) -> str | None:
    """The revision that the catalogue has; None where it is empty."""
    return migrate.current(deployment.database_url)


def newest() -> str | None:
    """The revision that this program knows."""
    return migrate.head()


def upgrade(deployment: Deployment, revision: str) -> tuple[str | None, str | None]:
    """Forward to `revision`; the revisions before and after."""
    before = current(deployment)
    migrate.upgrade(deployment.database_url, revision)
    return before, current(deployment)


def downgrade(deployment: Deployment, revision: str) -> str | None:
    """Back to `revision`; the revision after."""
    migrate.downgrade(deployment.database_url, revision)
    return current(deployment)


def bring_up(deployment: Deployment) -> None:
    """To the newest, unless a person has taken it back: that raises StoreRejected."""
    migrate.bring_up(deployment.database_url)
