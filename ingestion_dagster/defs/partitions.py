"""The one partitions definition: a supplier is a partition, its key a slug. Who they are is in the database."""

import dagster as dg

suppliers = dg.DynamicPartitionsDefinition(name="suppliers")
