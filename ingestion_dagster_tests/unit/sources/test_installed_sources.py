"""Packages that announce sources, as a package installer leaves them on the disk: good ones, broken ones, rivals."""

import ast
import traceback
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable
from ingestion_dagster.core.suppliers.built_in_sources import BUILT_IN
from ingestion_dagster.core.suppliers.supplier import Supplier, SupplierSettings
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch_list
from ingestion_dagster.settings import Settings
from ingestion_dagster.sources import installed
from ingestion_dagster.sources.installed import GROUP, OWN, source, source_types
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.source import Fetched, Order

GOOD = """
from ingestion_dagster.core.suppliers.source_types import SourceType
from ingestion_dagster.sources.source import Fetched, Source
IT = Source(SourceType(name="{name}", address="url"), lambda order: Fetched(b"", "x.csv"))
"""


class Site:
    """A folder of installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, package: str, entry: str, code: str, attribute: str = "IT") -> None:
        module = f"module_of_{package}"
        (self.folder / f"{module}.py").write_text(code, encoding="utf-8")
        info = self.folder / f"{package}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry} = {module}:{attribute}\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(str(tmp_path))
    installed._installed.cache_clear()
    yield Site(tmp_path)
    installed._installed.cache_clear()


def test_built_in_sources_are_entry_points_and_cost_no_look_into_packages(site: Site) -> None:
    assert [entry.name for entry in OWN] == list(BUILT_IN)
    assert [source(name).type for name in BUILT_IN] == list(BUILT_IN.values())
    assert installed._installed.cache_info().currsize == 0


def test_a_good_package_is_used_beside_broken_ones_that_are_named(site: Site) -> None:
    site.install("good", "good", GOOD.format(name="good"))
    site.install("torn", "torn", "import no_such_library")
    site.install("empty", "empty", "")
    site.install("exits", "exits", "raise SystemError('half installed')")
    site.install("ends", "ends", "raise SystemExit(1)")
    site.install("other", "other", GOOD.format(name="another"))
    site.install("plain", "plain", "IT = 5")
    site.install("shouts", "SHOUTS", GOOD.format(name="SHOUTS"))
    site.install("usurper", "csv", GOOD.format(name="csv"))
    assert source("good").type.name == "good"
    assert source("csv").type is BUILT_IN["csv"]
    assert source_types().names() == ("google_sheets", "csv", "excel", "good")
    for name, told in {
        "torn": "package torn 1.2 cannot be loaded: ModuleNotFoundError: No module named 'no_such_library'",
        "empty": "package empty 1.2 cannot be loaded: AttributeError",
        "exits": "package exits 1.2 cannot be loaded: SystemError: half installed",
        "ends": "package ends 1.2 cannot be loaded: SystemExit: 1",
        "other": "package other 1.2 is no Source of that name",
        "plain": "package plain 1.2 is no Source of that name",
        "SHOUTS": "package shouts 1.2 has no name of a-z, 0-9 and _",
        "missing": "there is no source type 'missing' here; there are: google_sheets, csv, excel, good",
    }.items():
        with pytest.raises(SourceRejected) as caught:
            source(name)
        assert told in str(caught.value)
    assert "package usurper 1.2 has the name of one that is built in" in installed._installed().broken["csv"]


def test_of_two_packages_with_one_name_none_is_used(site: Site) -> None:
    site.install("one", "shop", GOOD.format(name="shop"))
    site.install("two", "shop", GOOD.format(name="shop"))
    with pytest.raises(SourceRejected, match=r"package one 1\.2 and package two 1\.2: several packages have that name"):
        source("shop")


FETCHING = """
from ingestion_dagster.core.errors import SourceUnavailable
from ingestion_dagster.core.suppliers.source_types import SourceType
from ingestion_dagster.sources.source import Fetched, Source
def fetch(order):
    what = order.supplier.source["url"]
    if what == "fails":
        raise RuntimeError("password=hush")
    if what == "away":
        raise SourceUnavailable("the shop is closed")
    if what == "nothing":
        return None
    if what == "huge":
        return Fetched(bytes(order.limits.text_bytes + 1), "x.csv")
    return Fetched(b"SKU", "../out\\\\prices.csv")
IT = Source(SourceType(name="shop", address="url"), fetch)
"""


def test_what_a_package_did_not_foresee_is_told_without_its_words(site: Site) -> None:
    site.install("shop", "shop", FETCHING)
    deployment = Deployment(Settings(local_root=site.folder), "postgresql://me:secret@x/y", "redis://x")

    def fetched(what: str) -> Fetched:
        supplier = Supplier(
            id=UUID(int=1), key="a", name="A", source_type="shop", source={"url": what}, settings=SupplierSettings(),
            active=True,
        )  # fmt: skip
        return fetch_list(deployment, supplier)

    assert fetched("list") == Fetched(b"SKU", "prices.csv")
    for what, kind, told in (
        ("fails", SourceUnavailable, r"failed with RuntimeError \(module_of_shop.py, line 8\)"),
        ("away", SourceUnavailable, "the shop is closed"),
        ("nothing", SourceUnavailable, "failed with TypeError"),
        ("huge", SourceRejected, "at most 250,000,000 are read"),
        ("https://me:hush@x/", SourceRejected, "carries a password"),
    ):
        with pytest.raises(kind, match=told) as caught:
            fetched(what)
        assert "hush" not in "".join(traceback.format_exception_only(caught.value))
        assert caught.value.__cause__ is None, "a log would tell it"
    assert "secret" not in repr(Order(None, deployment.allowed, Limits(), 1.0, deployment))  # type: ignore[arg-type]


def test_a_source_type_is_spelled_out_where_it_is_defined_and_where_it_is_announced() -> None:
    """Everybody else asks the table. `snapshot.py` names a file format of that name."""
    package = Path(installed.__file__).parents[1]
    spelled = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == "google_sheets"
    }
    assert spelled == {"core/suppliers/built_in_sources.py", "sources/installed.py", "sources/google/snapshot.py"}
