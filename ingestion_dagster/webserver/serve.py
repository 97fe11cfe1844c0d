"""Dagster's web application behind the guard, as a server. Its addresses and settings come from the caller."""

from collections.abc import Iterable
from pathlib import Path

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.webserver.guard import Guard

LIVE_DATA_MILLISECONDS = 2000
"""How often open pages ask for news, as `dagster-webserver` has it."""
GRACE_SECONDS = 5
"""For open connections when the server is asked to end; pages keep theirs for as long as they are open."""


def serve(host: str, port: int, workspace: Path, hosts: Iterable[str]) -> None:
    """Serve the UI of the instance in `DAGSTER_HOME` until the process is asked to end.

    Raises ServicesFailed where there is no such instance or `workspace` is no file.
    """
    import uvicorn
    from dagster import DagsterInstance
    from dagster._core.errors import DagsterHomeNotSetError
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver.app import create_app_from_workspace_process_context
    from dagster_webserver.cli import (
        DEFAULT_DB_STATEMENT_TIMEOUT,
        DEFAULT_POOL_MAX_OVERFLOW,
        DEFAULT_POOL_RECYCLE,
    )
    from dagster_webserver.version import __version__

    if not workspace.is_file():
        raise ServicesFailed(f"there is no workspace file {workspace}; name one with --workspace")
    try:
        found = DagsterInstance.get()
    except DagsterHomeNotSetError as error:
        raise ServicesFailed("DAGSTER_HOME is not set: the UI shows the instance in that folder") from error
    with found as instance:
        instance.optimize_for_webserver(DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW)
        target = WorkspaceFileTarget(paths=[str(workspace)])
        with WorkspaceProcessContext(instance, version=__version__, workspace_load_target=target) as context:
            app = create_app_from_workspace_process_context(context, live_data_poll_rate=LIVE_DATA_MILLISECONDS)
            uvicorn.run(
                Guard(app, hosts), host=host, port=port, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS
            )
