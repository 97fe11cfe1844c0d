"""The record of queue messages: what each became, who works on it, and what came of it. The mailbox is
`redis_store/mailbox.py`'s.

States: pending -> leased -> applied | held | dead, leased -> retry_wait -> leased …, waiting -> superseded. This is
the face of the record; recording, leasing, results and reports are modules of their own beside it.
"""

from ingestion_dagster.store.requests.leasing import MAX_CRASHES as MAX_CRASHES
from ingestion_dagster.store.requests.leasing import acknowledge as acknowledge
from ingestion_dagster.store.requests.leasing import begin as begin
from ingestion_dagster.store.requests.leasing import cancelled as cancelled
from ingestion_dagster.store.requests.leasing import crashed as crashed
from ingestion_dagster.store.requests.leasing import extend as extend
from ingestion_dagster.store.requests.leasing import give_back as give_back
from ingestion_dagster.store.requests.leasing import lease as lease
from ingestion_dagster.store.requests.leasing import leased as leased
from ingestion_dagster.store.requests.leasing import never_began as never_began
from ingestion_dagster.store.requests.leasing import supplier_of as supplier_of
from ingestion_dagster.store.requests.recording import record as record
from ingestion_dagster.store.requests.replaying import replay as replay
from ingestion_dagster.store.requests.reports import DeadLetter as DeadLetter
from ingestion_dagster.store.requests.reports import OpenRequests as OpenRequests
from ingestion_dagster.store.requests.reports import QueueOverview as QueueOverview
from ingestion_dagster.store.requests.reports import Whereabouts as Whereabouts
from ingestion_dagster.store.requests.reports import dead_letters as dead_letters
from ingestion_dagster.store.requests.reports import open_requests as open_requests
from ingestion_dagster.store.requests.reports import overview as overview
from ingestion_dagster.store.requests.reports import waiting_count as waiting_count
from ingestion_dagster.store.requests.reports import whereabouts as whereabouts
from ingestion_dagster.store.requests.results import published as published
from ingestion_dagster.store.requests.results import recent_results as recent_results
from ingestion_dagster.store.requests.results import settle_held as settle_held
from ingestion_dagster.store.requests.results import unpublish as unpublish
from ingestion_dagster.store.requests.results import unpublished as unpublished
from ingestion_dagster.store.requests.types import Deferred as Deferred
from ingestion_dagster.store.requests.types import Delivery as Delivery
from ingestion_dagster.store.requests.types import Lease as Lease
from ingestion_dagster.store.requests.types import Recorded as Recorded
from ingestion_dagster.store.requests.types import Rules as Rules
