"""Asset checks of `supplier_items`, per supplier: what the guards said of the newest batch, where Dagster shows it.

They report after the fact; what must not be written is stopped by the guards before the merge.
"""

import warnings
from collections.abc import Sequence

import dagster as dg

from ingestion_dagster.assets import supplier_items
from ingestion_dagster.core.guards import GuardResult
from ingestion_dagster.partitions import suppliers as suppliers_partitions
from ingestion_dagster.resources import IngestionResource
from ingestion_dagster.store import verdicts
from ingestion_dagster.store.database import Database

DESCRIPTIONS = {
    "reject_rate": "Few enough rows of the list could not be taken.",
    "row_count_stable": "The list is not suddenly empty or much shorter.",
    "price_jumps": "Prices moved as prices do: no shifted decimal, no other currency, no retail for wholesale.",
    "mapping_confirmed": "It is certain which column is which.",
}


def _check(name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=supplier_items,
        name=name,
        description=DESCRIPTIONS[name],
        partitions_def=suppliers_partitions,
    )
    def check(context: dg.AssetCheckExecutionContext, ingestion: IngestionResource) -> dg.AssetCheckResult:
        key = context.op_execution_context.partition_key

        async def _newest(database: Database) -> tuple[int, str, list[GuardResult]] | None:
            async with database.transaction() as connection:
                return await verdicts.newest_judgement(connection, key)

        judged = ingestion.place.run(_newest)
        if judged is None:
            return dg.AssetCheckResult(passed=True, description="No list was loaded yet.")
        batch_id, state, results = judged
        return _result(batch_id, state, [result for result in results if result.check == name])

    return check


def _result(batch_id: int, state: str, results: Sequence[GuardResult]) -> dg.AssetCheckResult:
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
    told = {name: _result(batch_id, state, [r for r in results if r.check == name]) for name in DESCRIPTIONS}
    return [
        dg.AssetCheckEvaluation(
            asset_key=supplier_items.key,
            check_name=name,
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
            description=result.description,
            partition=key,
        )
        for name, result in told.items()
    ]


with warnings.catch_warnings():
    # Checks per partition are a preview in Dagster 1.13. Without them one supplier's pass would hide another's failure.
    warnings.simplefilter("ignore", dg.PreviewWarning)
    supplier_checks = [_check(name) for name in DESCRIPTIONS]
