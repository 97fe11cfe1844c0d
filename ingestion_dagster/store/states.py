"""The states of requests, batches and products, as the tables allow them and as the types of rows name them."""

from typing import Literal

RequestState = Literal["pending", "leased", "retry_wait", "applied", "held", "dead", "superseded"]
BatchState = Literal["staged", "held", "approved", "applied", "unchanged", "rejected", "failed"]
ProductStatus = Literal["draft", "active", "archived"]
Verdict = Literal["accepted", "malformed", "rejected", "conflict"]
"""Of a message, when it was put on record."""
