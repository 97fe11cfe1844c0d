"""Names of the run tags that tie a Dagster run to the request it answers."""

TASK = "ingestion/task_id"
REQUEST = "ingestion/request_id"
FENCE = "ingestion/fence"
ATTEMPT = "ingestion/attempt"
SNAPSHOT = "ingestion/snapshot_id"
SUPPLIER = "ingestion/supplier"
BATCH = "ingestion/batch_id"
