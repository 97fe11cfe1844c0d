"""`ingestion webserver`: Dagster's UI behind its guard, for whoever starts the processes one by one."""

from pathlib import Path
from typing import Annotated

import typer

from ingestion_dagster.settings import settings


def webserver(
    workspace: Annotated[Path, typer.Option(help="Dagster's workspace.yaml: where the code server is.")] = Path(
        "workspace.yaml"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 3000,
) -> None:
    """Dagster's UI of the instance in DAGSTER_HOME, refusing what other web pages ask of it; `up` starts it by itself.

    Names under which browsers open it besides this machine's own are in INGESTION_UI_HOSTS.
    """
    from ingestion_dagster.webserver.serve import serve

    serve(host, port, workspace, settings().ui_hosts)
