"""Bundled sample suppliers: invented lists, shaped like real ones, for two days. Registering them, nothing else."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database

FOLDER = Path(__file__).parent
INBOX_FOLDER = "samples"


@dataclass(frozen=True)
class Sample:
    """One sample supplier."""

    key: str
    name: str
    file: str
    shape: str
    """What is special about its list."""

    @property
    def source_type(self) -> str:
        """As the registry calls it."""
        return "csv" if self.file.endswith(".csv") else "excel"

    @property
    def source(self) -> dict[str, str]:
        """Its place in the inbox."""
        return {"file_path": f"{INBOX_FOLDER}/{self.file}"}


SAMPLES = (
    Sample("northwind-office", "Northwind Office Ltd", "northwind-office.csv", "a clean CSV"),
    Sample("vostok-kants", "ООО «Восток-Канц»", "vostok-kants.csv", "Russian, cp1251, semicolons, title rows"),
    Sample("werkhaus-mueller", "Werkhaus Müller GmbH", "werkhaus-mueller.xlsx", "German XLSX, decimal commas in text"),
    Sample("lampes-du-midi", "Lampes du Midi", "lampes-du-midi.xlsx", "header over two rows, merged; sections"),
    Sample("huerta-verde", "Huerta Verde S.L.", "huerta-verde.csv", "no SKU column"),
    Sample(
        "sakura-bungu", "さくら文具株式会社", "sakura-bungu.csv", "Japanese, Shift JIS, title rows, amounts with 円"
    ),
    Sample(
        "izmir-hirdavat", "İzmir Hırdavat A.Ş.", "izmir-hirdavat.xls", "a web page named .xls, dealer and retail price"
    ),
    Sample("bristol-spares", "Bristol Spares", "bristol-spares.csv", "one row in ten is wrong"),
)


def deliver(deployment: Deployment, day: int) -> None:
    """Put the lists of `day` (1 or 2) into the inbox, as the suppliers' mail would."""
    target = deployment.settings.inbox_path / INBOX_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for sample in SAMPLES:
        waiting = target / f".{sample.file}"
        shutil.copyfile(FOLDER / f"day{day}" / sample.file, waiting)
        waiting.replace(target / sample.file)


def register_samples(deployment: Deployment) -> None:
    """Deliver the first day's lists and register their suppliers."""
    deliver(deployment, 1)

    async def _register(database: Database) -> None:
        async with database.transaction() as connection:
            for sample in SAMPLES:
                await suppliers.register(connection, sample.key, sample.name, sample.source_type, sample.source)

    deployment.run(_register)
