"""The asset checks of `supplier_items` as events: what a decision or a failed load says of one supplier, and no other.

The checks that a load runs itself are in `checks.py`; what becomes of an error is decided in `failures.py`.
"""

from collections.abc import Sequence

import dagster as dg

from ingestion_dagster.core.guards import GuardResult

ITEMS = dg.AssetKey("supplier_items")

DESCRIPTIONS = {
    "reject_rate": "Few enough rows of the list could not be taken.",
    "row_count_stable": "The list is not suddenly empty or much shorter.",
    "price_jumps": "Prices moved as prices do: no shifted decimal, no other currency, no retail for wholesale.",
    "mapping_confirmed": "It is certain which column is which.",
}


def check_result(batch_id: int, state: str, results: Sequence[GuardResult]) -> dg.AssetCheckResult:
    """One check's result from what its guards said."""
    stopped = [result for result in results if result.tripped]
    worst = [row for result in stopped for row in result.worst][:5]
    metadata: dict[str, dg.MetadataValue | str | int] = {"batch_id": batch_id, "batch_state": state}
    if worst:
        metadata["worst_rows"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "row": row.row_number or 0,
                        "sku": row.supplier_sku,
                        "name": row.name,
                        "before": row.old or "",
                        "now": row.new or "",
                    }
                )
                for row in worst
            ]
        )
    told = " ".join(result.message for result in (stopped or results))
    approved = bool(stopped) and state == "applied"
    return dg.AssetCheckResult(
        passed=approved or not stopped,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"Approved by a person all the same: {told}" if approved else told,
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
            description=f"{key}: the list was not loaded, so there was nothing to judge; the catalogue is as it was."
            f" {reason}",
            partition=key,
        )
        for name in DESCRIPTIONS
    ]
