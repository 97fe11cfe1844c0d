"""Asset checks of `supplier_items`, per supplier: what the guards said of the newest batch, where Dagster shows it.

They report after the fact; what must not be written is stopped by the guards before the merge.
"""

import asyncio
import warnings

import dagster as dg

from ingestion_dagster.defs.assets import supplier_items
from ingestion_dagster.defs.check_events import DESCRIPTIONS, check_result
from ingestion_dagster.defs.partitions import suppliers as suppliers_partitions
from ingestion_dagster.defs.resources import IngestionResource
from ingestion_dagster.services.review import decision_token
from ingestion_dagster.store.batches import judgements
from ingestion_dagster.store.database import Database


def _check(name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=supplier_items,
        name=name,
        description=DESCRIPTIONS[name],
        partitions_def=suppliers_partitions,
    )
    def check(context: dg.AssetCheckExecutionContext, ingestion: IngestionResource) -> dg.AssetCheckResult:
        key = context.op_execution_context.partition_key

        async def _newest(database: Database) -> judgements.Judged | None:
            async with database.transaction() as connection:
                return await judgements.newest_judgement(connection, key)

        judged = ingestion.deployment.run(_newest)
        if judged is None:
            return dg.AssetCheckResult(passed=True, description="No list was loaded yet.")
        batch_id, state, results = judged
        token = asyncio.run(decision_token(ingestion.deployment, batch_id)) if state == "held" else None
        return check_result(batch_id, state, [result for result in results if result.check == name], token)

    return check


with warnings.catch_warnings():
    # Checks per partition are a preview in Dagster 1.13. Without them one supplier's pass would hide another's failure.
    warnings.simplefilter("ignore", dg.PreviewWarning)
    supplier_checks = [_check(name) for name in DESCRIPTIONS]
