"""Google as the settings describe it: who reads, under which quota, and which way a sheet is fetched.

How a request is made and what an answer means is in `sources/google_*.py` and `sources/google/public.py`; the quota
itself is `redis_store/quota.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable
from ingestion_dagster.core.steps import QuotaUse
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.settings import Settings
from ingestion_dagster.sources.source import Fetched

if TYPE_CHECKING:
    from ingestion_dagster.redis_store.quota import QuotaLimits, SheetsQuota
    from ingestion_dagster.sources.google.retry import RetryPolicy
    from ingestion_dagster.sources.google.sheets import GoogleClient, GoogleSource

GOOGLE_SUFFIX: Final = ".gsheet"
"""Of the name under which the answers of Google's API are kept."""
_SHARE_OF_GOOGLE, SHARE_OF_FETCH = 0.6, 0.9
"""Of a job's time: asking Google at most so much, waiting for quota included so much. The rest is for the rows."""
_NO_ROBOT: Final = (
    "No service account is configured (GOOGLE_APPLICATION_CREDENTIALS), so only public sheets can be read"
)
_AS_DISPLAYED: Final = (
    "a public sheet whose tab is chosen by its number (gid) is read as CSV: numbers as the sheet displays them,"
    " rounded; name the tab by its title, or share the sheet with a service account, to get them whole"
)


@dataclass(frozen=True)
class Access:
    """The account in use, and its quota."""

    client: "GoogleClient"
    quota: "SheetsQuota"

    def used(self) -> QuotaUse | None:
        """Reads and waits so far, and what is left; None where Redis does not tell just now."""
        budget = self.quota.budget_if_known()
        if budget is None:
            return None
        return QuotaUse(
            reads=self.client.reads,
            waited=round(self.client.waited, 3),
            left_user=budget.left_user,
            left_project=budget.left_project,
        )


@contextmanager
def google_access(deployment: Deployment) -> Iterator[Access]:
    """Access through the service account, under the quota that all processes share.

    Raises SourceRejected with what to set where there is no usable key file.
    """
    from ingestion_dagster.sources.google.sheets import GoogleClient

    known = deployment.settings
    client = GoogleClient.from_settings(
        str(known.google_credentials) if known.google_credentials else None,
        known.google_sheets_url,
        known.google_drive_url,
        policy=retry_policy_of(known),
    )
    with shared_quota(deployment, client.service_account.email, client.service_account.project) as quota:
        client.acquire, client.throttled = within_budget(quota, quota_seconds(known)), quota.throttled
        yield Access(client, quota)


@contextmanager
def shared_quota(deployment: Deployment, email: str, project: str) -> Iterator["SheetsQuota"]:
    """The account's buckets in Redis."""
    from ingestion_dagster.redis_store.quota import SheetsQuota

    quota = SheetsQuota.from_url(
        deployment.redis_url, limits=limits_of_quota(deployment), user=email, project=project or email.partition("@")[2]
    )
    try:
        yield quota
    finally:
        quota.client.close()


def limits_of_quota(deployment: Deployment) -> "QuotaLimits":
    """What Google allows this account."""
    from ingestion_dagster.redis_store.quota import QuotaLimits

    usual = QuotaLimits()
    known, minute = deployment.settings, deployment.google_minute
    return QuotaLimits(
        known.google_reads_per_minute_user,
        known.google_reads_per_minute_project,
        minute,
        max(usual.margin * minute / usual.window, 0.1),
    )


def within_budget(quota: "SheetsQuota", seconds: float) -> Callable[[str], float]:
    """`quota.acquire` with one allowance of waiting for all reads of a sheet, however many it takes."""
    left = seconds

    def acquire(supplier: str) -> float:
        nonlocal left
        quota.deadline = max(left, 0.0)
        waited = quota.acquire(supplier)
        left -= waited
        return waited

    return acquire


def quota_report(deployment: Deployment) -> dict[str, Any] | None:
    """The budget for people: used, left, who waits; None without a service account, `trouble` where it is not known."""
    from ingestion_dagster.sources.google.service_account import load_service_account

    if deployment.settings.google_credentials is None:
        return None
    try:
        service_account = load_service_account(str(deployment.settings.google_credentials))
    except SourceRejected as error:
        return {"trouble": str(error)}
    with shared_quota(deployment, service_account.email, service_account.project) as quota:
        budget = quota.budget_if_known()
    if budget is None:
        return {"trouble": "Redis does not tell the shared read quota"}
    return {"account": service_account.email} | asdict(budget)


def google_seconds(known: Settings) -> float:
    """How long one sheet may be asked for, waiting for quota not counted."""
    return min(known.google_deadline, _SHARE_OF_GOOGLE * known.job_timeout)


def quota_seconds(known: Settings) -> float:
    """How long one sheet may wait for quota, so that the run is not ended in the middle."""
    return SHARE_OF_FETCH * known.job_timeout - google_seconds(known)


def retry_policy_of(known: Settings) -> "RetryPolicy":
    """Attempts and pauses."""
    from ingestion_dagster.sources.google.retry import RetryPolicy

    pause = known.google_pause_seconds
    return RetryPolicy(deadline=google_seconds(known), first_pause=pause, first_busy_pause=10 * pause)


def source_of(supplier: Supplier) -> "GoogleSource":
    """Which document and tab the supplier's list is. Raises SourceRejected where its source does not say."""
    from ingestion_dagster.sources.google.sheets import GoogleSource

    named = supplier.wanted_tab()
    said: dict[str, Any] = supplier.source | ({"sheet_name": named} if named else {})
    try:
        return GoogleSource.model_validate(said | {"supplier": supplier.key})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "sheet_url"
        raise SourceRejected(f"supplier {supplier.key!r}: {where}: {first['msg']}") from None


def fetch_google(deployment: Deployment, source: "GoogleSource", name: str, public: bool = False) -> Fetched:
    """The sheet through the service account; without one, or where the source says `public`, by its public export."""
    if public:
        return _exported(deployment, source, name)
    if deployment.settings.google_credentials is None:
        try:
            return _exported(deployment, source, name)
        except (SourceRejected, SourceUnavailable) as error:
            error.args = (f"{error} {_NO_ROBOT}.",)
            raise
    return _read(deployment, source, name)


def _read(deployment: Deployment, source: "GoogleSource", name: str) -> Fetched:
    from ingestion_dagster.sources.google.sheets import fetch_google_sheet
    from ingestion_dagster.sources.google.snapshot import snapshot_facts

    with google_access(deployment) as access:
        data = fetch_google_sheet(source, access.client, deployment.settings.allowed_hosts)
        depends_on = snapshot_facts(data).depends_on
        return Fetched(data, name + GOOGLE_SUFFIX, access.used(), bool(depends_on))


def _exported(deployment: Deployment, source: "GoogleSource", name: str) -> Fetched:
    """As XLSX, which has all tabs and whole numbers but not the tabs' numbers; by number only CSV can be had."""
    from ingestion_dagster.sources.google.public import PUBLIC_URL, fetch_public_sheet

    known = deployment.settings
    stand_in = urlsplit(known.google_sheets_url).hostname in ("127.0.0.1", "localhost", "::1")
    by_number = source.link(known.allowed_hosts).gid is not None
    exported = fetch_public_sheet(
        source,
        "csv" if by_number else "xlsx",
        known.allowed_hosts,
        known.google_sheets_url if stand_in else PUBLIC_URL,
        retry_policy_of(known),
    )
    return Fetched(exported.data, f"{name}.{exported.format}", notes=(_AS_DISPLAYED,) if by_number else ())
