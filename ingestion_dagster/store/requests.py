"""The record of queue messages: what each became, who works on it, and what came of it. The mailbox is `queue.py`'s.

States: pending -> leased -> applied | held | dead, leased -> retry_wait -> leased …, waiting -> superseded. This is
the face of the record; recording, leasing, results and reports are modules of their own beside it.
"""

from ingestion_dagster.store.leasing import MAX_CRASHES as MAX_CRASHES
from ingestion_dagster.store.leasing import acknowledge as acknowledge
from ingestion_dagster.store.leasing import begin as begin
from ingestion_dagster.store.leasing import cancelled as cancelled
from ingestion_dagster.store.leasing import crashed as crashed
from ingestion_dagster.store.leasing import extend as extend
from ingestion_dagster.store.leasing import give_back as give_back
from ingestion_dagster.store.leasing import lease as lease
from ingestion_dagster.store.leasing import leased as leased
from ingestion_dagster.store.leasing import never_began as never_began
from ingestion_dagster.store.leasing import supplier_of as supplier_of
from ingestion_dagster.store.recording import record as record
from ingestion_dagster.store.replaying import replay as replay
from ingestion_dagster.store.request_reports import dead_letters as dead_letters
from ingestion_dagster.store.request_reports import open_requests as open_requests
from ingestion_dagster.store.request_reports import overview as overview
from ingestion_dagster.store.request_reports import waiting_count as waiting_count
from ingestion_dagster.store.request_reports import whereabouts as whereabouts
from ingestion_dagster.store.request_results import published as published
from ingestion_dagster.store.request_results import recent_results as recent_results
from ingestion_dagster.store.request_results import settle_held as settle_held
from ingestion_dagster.store.request_results import unpublish as unpublish
from ingestion_dagster.store.request_results import unpublished as unpublished
from ingestion_dagster.store.request_types import Deferred as Deferred
from ingestion_dagster.store.request_types import Delivery as Delivery
from ingestion_dagster.store.request_types import Lease as Lease
from ingestion_dagster.store.request_types import Recorded as Recorded
from ingestion_dagster.store.request_types import Rules as Rules
