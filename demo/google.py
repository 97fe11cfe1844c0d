"""Two sample suppliers whose lists are Google Sheets, for two days. The stand-in of the tests serves them on this
machine; how a Google Sheet is read is the product's.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.samples import Sample
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database

if TYPE_CHECKING:
    from ingestion_dagster_tests.fake_google import FakeGoogle


@dataclass(frozen=True)
class SheetSample(Sample):
    """A sample supplier with a Google Sheet. `file` is the address."""

    @property
    def source_type(self) -> str:
        """As the registry calls it."""
        return "google_sheets"

    @property
    def source(self) -> dict[str, Any]:
        """Its address."""
        return {"sheet_url": self.file}


@dataclass(frozen=True)
class SheetSamples:
    """The suppliers, and the server that has their sheets; without the test package there are none."""

    samples: tuple[SheetSample, ...] = ()
    server: "FakeGoogle | None" = None

    def register(self, deployment: Deployment) -> None:
        """Add them to the registry."""

        async def _register(database: Database) -> None:
            async with database.transaction() as connection:
                for sample in self.samples:
                    await suppliers.register(connection, sample.key, sample.name, sample.source_type, sample.source)

        deployment.run(_register)

    def second_day(self) -> None:
        """Somebody edits the sheets: a price goes up, one item is gone."""
        for document in self.server.documents.values() if self.server else ():
            tab = len(document.tabs) - 1
            rows = document.tabs[tab].rows
            first = next(n for n, row in enumerate(rows) if len(row) > 3) + 1
            column = next(n for n, title in enumerate(rows[first - 1]) if str(title).startswith(("Price", "EK")))
            cell: Any = rows[first][column]
            cell.value = round(cell.value * 1.08, 2)
            del rows[first + 3]
            document.edit(tab, first, column, cell)

    def reads(self) -> int:
        """How often the server was read."""
        return self.server.reads() if self.server else 0


@contextmanager
def sheet_samples() -> Iterator[SheetSamples]:
    """The two suppliers while their server runs; the environment names it to processes that are started meanwhile."""
    try:
        from ingestion_dagster_tests.fake_google import samples, serve
    except ImportError:  # somebody left the tests out of a copy of the checkout
        yield SheetSamples()
        return
    with serve(samples()) as google:
        garden, lamps = (f"https://docs.google.com/spreadsheets/d/{key}/edit" for key in google.documents)
        found = (
            SheetSample("garden-tools", "Garden Tools Wholesale", garden, "Google Sheet, SKUs are padded numbers"),
            SheetSample("leuchten-nord", "Leuchten Nord", lamps, "German Google Sheet, two tabs, a #REF! price"),
        )
        named = {
            "INGESTION_GOOGLE_SHEETS_URL": google.url,
            "INGESTION_GOOGLE_DRIVE_URL": google.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(google.key_file),
        }
        before = {name: os.environ.get(name) for name in named}
        os.environ.update(named)
        try:
            yield SheetSamples(found, google)
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name)
                else:
                    os.environ[name] = value
