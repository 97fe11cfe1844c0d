"""The asset checks of `supplier_items` as events: what a decision or a failed load says of one supplier, and no other.

The checks that a load runs itself are in `checks.py`; what becomes of an error is decided in `failures.py`.
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from ingestion_dagster.core.guards.facts import GuardResult
from ingestion_dagster.defs.metadata import description, how_to_decide, table

ITEMS = dg.AssetKey("supplier_items")
Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation

DESCRIPTIONS = {
    "reject_rate": "Few enough rows of the list could not be taken.",
    "row_count_stable": "The list is not suddenly empty or much shorter.",
    "price_jumps": "Prices moved as prices do: no shifted decimal, no other currency, no retail for wholesale.",
    "mapping_confirmed": "It is certain which column is which.",
}


def log_events(context: dg.OpExecutionContext, events: Iterable[Event]) -> None:
    """Write events into the run's log, from where the UI shows them beside the asset."""
    for event in events:
        context.log_event(event)  # type: ignore[arg-type]  # takes evaluations as well, and says so only in its text


def check_result(
    batch_id: int, state: str, results: Sequence[GuardResult], token: str | None = None
) -> dg.AssetCheckResult:
    """One check's result from what its guards said; with the batch's decision token where it waits for a person."""
    stopped = [result for result in results if result.tripped]
    worst = [row for result in stopped for row in result.worst][:5]
    metadata: dict[str, dg.MetadataValue | str | int] = {"batch_id": batch_id, "batch_state": state}
    if stopped and token:
        metadata["how_to_decide"] = how_to_decide(batch_id, token)
    if worst:
        metadata["worst_rows"] = table(
            {"row": "int", "sku": "string", "name": "string", "before": "string", "now": "string"},
            [(row.row_number or 0, row.supplier_sku, row.name, row.old or "", row.new or "") for row in worst],
        )
    told = " ".join(result.message for result in (stopped or results))
    approved = bool(stopped) and state == "applied"
    return dg.AssetCheckResult(
        passed=approved or not stopped,
        severity=dg.AssetCheckSeverity.ERROR,
        description=description(f"Approved by a person all the same: {told}" if approved else told),
        metadata=metadata,
    )


def evaluations(batch_id: int, state: str, results: Sequence[GuardResult], key: str) -> list[dg.AssetCheckEvaluation]:
    """Every check's result for a batch that was decided outside of the asset's own run."""
    told = {name: check_result(batch_id, state, [r for r in results if r.check == name]) for name in DESCRIPTIONS}
    return [
        dg.AssetCheckEvaluation(
            asset_key=ITEMS,
            check_name=name,
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
            description=result.description,
            partition=key,
        )
        for name, result in told.items()
    ]


def not_judged(key: str, reason: str) -> list[dg.AssetCheckEvaluation]:
    """Every check of a supplier whose load failed before its list was judged.

    Without them Dagster calls the checks that the run had planned failed to execute, and names no partition: one bad
    file then looks like trouble with every supplier.
    """
    return [
        dg.AssetCheckEvaluation(
            asset_key=ITEMS,
            check_name=name,
            passed=False,
            severity=dg.AssetCheckSeverity.ERROR,
            description=description(
                f"{key}: the list was not loaded, so there was nothing to judge; the catalogue is as it was. {reason}"
            ),
            partition=key,
        )
        for name in DESCRIPTIONS
    ]
