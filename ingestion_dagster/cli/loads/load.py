"""`ingestion load`: a load in this process, through Dagster; and how the outcome of any load is told."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion_dagster.cli.show.output import AsJson, complain, print_json, progress, remark, say, strong, tinted
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.steps import LoadSummary, failure_object, result_object
from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.instance.home import instance
from ingestion_dagster.logs import leave_to_the_command_line
from ingestion_dagster.services.records import suppliers
from ingestion_dagster.settings import settings

if TYPE_CHECKING:
    import dagster as dg

Keys = Annotated[list[str], typer.Argument(help="Supplier keys, as `supplier list` shows them.")]


def load(
    keys: Keys,
    snapshot: Annotated[
        int | None, typer.Option(help="Read this stored snapshot instead of fetching the list.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the suppliers' lists and load them, here and now, through Dagster's in-process execution."""
    if snapshot is not None and len(keys) != 1:
        raise typer.BadParameter("--snapshot goes with exactly one supplier")
    results = []
    if settings().log_format == "console":
        leave_to_the_command_line()
    with open_deployment(settings()) as deployment:
        chosen = suppliers.by_keys(deployment, dict.fromkeys(keys))
        for supplier in chosen:
            if not supplier.active:
                remark(f"{supplier.key} is paused; it is loaded this once because you ask for it")
        with instance(deployment) as dagster_instance:
            for supplier in chosen:
                with progress(f"loading {supplier.key} …"):
                    results.append(_load_one(deployment, dagster_instance, supplier.key, str(supplier.id), snapshot))
                if not as_json:
                    tell_outcome(results[-1])
    if as_json:
        for result in results:
            print_json(result)
    if any(result["status"] == "failure" for result in results):
        sys.exit(1)


def _load_one(
    deployment: Deployment, dagster_instance: "dg.DagsterInstance", key: str, supplier_id: str, snapshot: int | None
) -> dict[str, Any]:
    import dagster as dg

    from ingestion_dagster.definitions import build_definitions
    from ingestion_dagster.defs.resources import IngestionResource
    from ingestion_dagster.defs.run_tags import SNAPSHOT

    dagster_instance.add_dynamic_partitions("suppliers", [key])
    # Hard-coded, because Dagster makes a configurable resource anew and would open a second deployment.
    resource = dg.ResourceDefinition.hardcoded_resource(IngestionResource.at(deployment))
    definitions = build_definitions({"ingestion": resource})
    job = definitions.resolve_job_def("ingest_supplier" if snapshot is None else "reload_supplier")
    done = job.execute_in_process(
        partition_key=key,
        instance=dagster_instance,
        raise_on_error=False,
        tags={} if snapshot is None else {SNAPSHOT: str(snapshot)},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    task_id = f"run:{done.run_id}"
    if not done.success:
        kind, message = _failure_of(done)
        return failure_object(
            task_id=task_id,
            supplier=key,
            supplier_id=supplier_id,
            run_id=done.run_id,
            error_type=kind,
            message=message,
            retry_count=0,
            processed_at=_now(),
        )
    summary: LoadSummary = done.output_for_node("supplier_items")
    result = result_object(
        summary, task_id=task_id, supplier_id=supplier_id, run_id=done.run_id, retry_count=0, processed_at=_now()
    )
    return result | {"timings": {"fetch": 0.0, "map": 0.0, "validate": 0.0, "merge": 0.0} | summary.timings}


def _failure_of(done: "dg.ExecuteInProcessResult") -> tuple[str, str]:
    """Kind and sentence of the step that failed."""
    for event in done.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.user_failure_data:
                kind = failure.user_failure_data.metadata.get("error_type")
                return (str(kind.value) if kind else "Failure"), str(failure.user_failure_data.description)
            if failure.error:
                return str(failure.error.cls_name), failure.error.message.strip().splitlines()[-1]
    return "Failure", "the run failed before its first step; see `ingestion up` and the Dagster UI"


def _now() -> str:
    from datetime import UTC, datetime

    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def tell_outcome(result: JsonObject) -> None:
    counts, key = result["statistics"], result["supplier"]
    if result["status"] == "failure":
        complain(f"{key or result['task_id']}: {result['errors'][0]['sample_message']}")
        return
    colour = {"success": "green", "partial_success": "yellow", "held": "red"}.get(result["status"], "cyan")
    say(
        strong(key),
        ": ",
        tinted(result["status"], colour),
        f", {counts['total_rows']:,} rows:"
        f" {counts['inserted']:,} inserted, {counts['updated']:,} updated, {counts['unchanged']:,} unchanged,"
        f" {counts['missing']:,} missing, {counts['failed_rows']:,} rejected"
        f" ({counts['processing_time_seconds']:.2f} s, batch {result['batch_id']})",
    )
    for reason in result.get("reasons", ()):
        say("  held: ", reason)
    for error in result["errors"][:5]:
        say(f"  {error['count']:,} x {error['sample_message']}")
