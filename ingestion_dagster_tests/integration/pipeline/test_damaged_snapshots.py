"""A list whose kept bytes are damaged: it is named, a fetch mends it, and a decision does not need it."""

import asyncio
from pathlib import Path

import pytest

from ingestion_dagster.core.errors import SnapshotDamaged
from ingestion_dagster.pipeline.fetch import stored_snapshot
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.settings import settings
from ingestion_dagster_tests.integration.cli.test_telling_commands import Terminal
from ingestion_dagster_tests.integration.shop import Shop, rows_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning")
CALM = [10.0 + n for n in range(20)]


@pytest.fixture
def shop(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("INGESTION_LOCAL_ROOT", str(tmp_path))
    settings.cache_clear()
    made = Shop(database_url, tmp_path)
    made.load(rows_of(CALM))
    return made


def damage(shop: Shop) -> tuple[int, Path]:
    """The newest snapshot loses its end. Its id and its file."""
    ((snapshot_id, sha256),) = shop.sql("SELECT id, sha256 FROM sheet_snapshots ORDER BY id DESC LIMIT 1")
    file = Path(shop.deployment.settings.snapshot_store) / "bytes" / sha256[:2] / sha256
    file.write_bytes(file.read_bytes()[:40])
    return snapshot_id, file


def read_again(shop: Shop, snapshot_id: int) -> None:
    async def _read() -> None:
        snapshot = await stored_snapshot(shop.deployment, shop.key, snapshot_id)
        await map_columns(shop.deployment, snapshot, reread=True)

    asyncio.run(_read())


def test_reading_it_again_names_it_and_the_command_that_mends_it_and_that_does(shop: Shop) -> None:
    snapshot_id, file = damage(shop)
    with pytest.raises(SnapshotDamaged) as raised:
        read_again(shop, snapshot_id)
    told = str(raised.value)
    assert f"snapshot {snapshot_id} of supplier 'acme' is damaged" in told
    assert str(file) in told
    assert "`ingestion load acme`" in told
    assert shop.load().status == "unchanged"
    read_again(shop, snapshot_id)


def test_a_held_batch_is_approved_without_it_and_the_damage_is_told(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = shop.load(rows_of([1000.0, *CALM[1:]]))
    assert held.status == "held"
    snapshot_id, file = damage(shop)
    code, out, said = Terminal(capsys, monkeypatch)("batch", "approve", str(held.batch_id))
    assert (code, "is applied" in out) == (0, True)
    assert f"warning: snapshot {snapshot_id} of supplier 'acme' is damaged: {file}" in said
    assert shop.prices()["A001"] == "1000"
