"""`parse_price` under the path that is promised to other programs. The reading is `core/values/one_price.py`'s."""

from ingestion_dagster.core.values.one_price import Price, parse_price

__all__ = ["Price", "parse_price"]
