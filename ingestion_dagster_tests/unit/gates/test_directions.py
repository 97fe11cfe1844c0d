"""Arrows point inwards: which module may import which, what pure ones may not do. docs/architecture.md draws it.

Imports count wherever they stand, also inside functions and for types alone. The rules themselves, and trees that break
each of them, are in `module_rules.py` and `test_module_rules.py`.
"""

from pathlib import Path

import pytest

import demo
import ingestion_dagster
import ingestion_dagster_tests
import tools
from ingestion_dagster_tests.unit.gates.module_rules import (
    Module,
    against_order,
    called,
    calls,
    circles,
    crowded,
    environment_readers,
    foreign,
    importers,
    more_than_types,
    names_no_code,
    postponing,
    read_tree,
    silent,
)

PRODUCT = read_tree(Path(ingestion_dagster.__file__).parent)
DEMO = read_tree(Path(demo.__file__).parent)
TOOLS = read_tree(Path(tools.__file__).parent)
TESTS = Path(ingestion_dagster_tests.__file__).parent
CORE = {name: module for name, module in PRODUCT.items() if module.room.split("/")[0] == "core"}

LAYERS = (
    (".",),
    ("core",),  # its own modules: what a sheet, a field, an error is
    ("core/values",),
    ("core/words", "core/numbers"),
    ("core/layout",),
    ("core/columns",),
    ("core/suppliers", "core/questions"),
    ("core/requests", "core/pricing"),
    ("core/rows", "core/mapping"),
    ("core/guards", "core/corrections", "core/reports"),
    ("local", "redis_store", "sources", "store"),
    ("settings", "logs"),
    ("deployment",),
    ("pipeline",),
    ("services",),
    ("defs", "instance", "samples", "webserver", "dagster_storage"),
    ("definitions",),
    ("cli",),
)
"""From the innermost. A room may import what is before it; the rooms of one line do not know each other."""

PURE_LIBRARIES = {
    "collections", "dataclasses", "datetime", "decimal", "enum", "errno", "functools", "hashlib", "itertools", "json",
    "math", "operator", "re", "typing", "unicodedata", "urllib.parse", "uuid.UUID",
    "importlib.resources.files",  # the words that the package brings along
    "locale.windows_locale",  # a table
    "posixpath",  # of which only the functions on spelling are called
    "anyascii", "orjson", "pandas", "pydantic", "pydantic_core", "rapidfuzz",
}  # fmt: skip
IMPURE_CALLS = {
    "open", "input", "print", "exec", "eval", "__import__", "import_module", "Path",
    "now", "utcnow", "today", "time.time", "monotonic", "perf_counter", "sleep", "localtime", "gmtime",
    "exists", "lexists", "isfile", "isdir", "realpath", "abspath", "expanduser", "expandvars",
    "write_text", "write_bytes", "mkdir", "unlink", "glob",
    "uuid4", "uuid1", "setlocale", "getlocale", "read_csv", "read_excel", "read_sql", "to_csv", "to_excel",
}  # fmt: skip

DAGSTER = {"dagster", "dagster_postgres", "dagster_webserver", "dagster_shared"}
KNOW_DAGSTER = {
    "defs", "definitions", "instance", "dagster_storage",
    "webserver/serve",  # starts Dagster's own web application
    "cli/loads/load",  # `ingestion load` is a run of Dagster in this process
}  # fmt: skip
KNOW_THE_ENVIRONMENT = {
    "ingestion_dagster.settings": "pydantic-settings reads it there, without naming it",
    "ingestion_dagster.dagster_storage": "Dagster makes it from dagster.yaml, in processes that need no settings",
    "ingestion_dagster.instance.home": "DAGSTER_HOME is Dagster's variable; its processes get an environment made here",
    "ingestion_dagster.instance.health": "asked by containers under Dagster's environment, without settings",
}
SAY_NOTHING = {"utils", "helpers", "common", "base", "manager"}
MOST_MODULES = 16
NO_ROOMS = {"docs", "gates", "tools"}
"""Folders of tests about what is no room: the pages, the rules of this file, the programs of `tools/`."""


def test_imports_go_inwards_only() -> None:
    assert against_order(PRODUCT, LAYERS) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(PRODUCT) == []


@pytest.mark.parametrize("module", CORE.values(), ids=lambda module: module.name.partition("core.")[2] or "core")
def test_core_imports_only_itself_and_small_pure_libraries(module: Module) -> None:
    spread = {"random"} if module.name == "ingestion_dagster.core.requests.leases" else set()
    assert foreign({module.name: module}, PURE_LIBRARIES | spread) == []


def test_core_opens_nothing_and_asks_no_clock() -> None:
    assert calls(CORE, IMPURE_CALLS) == []
    assert environment_readers(CORE) == []


def test_core_reads_only_the_words_that_the_package_brings_along() -> None:
    readers = {place.partition(":")[0] for place in calls(CORE, {".read_text", ".read_bytes", ".iterdir"})}
    with_words = {name for name, module in CORE.items() if 'files("ingestion_dagster.core")' in module.source}
    assert readers <= with_words


def test_only_the_spread_of_waits_is_left_to_chance() -> None:
    assert [place.partition(" ")[2] for place in calls(CORE, {"random", "uniform", "choice", "shuffle"})] == [
        "calls random.uniform"
    ]


def test_only_the_store_knows_sql() -> None:
    assert importers(PRODUCT, {"sqlalchemy", "asyncpg", "alembic"}, besides={"store"}) == []
    assert importers(DEMO | TOOLS, {"sqlalchemy", "asyncpg", "alembic"}, besides={"catalogue"}) == []


def test_only_the_redis_room_knows_redis() -> None:
    assert importers(PRODUCT | DEMO | TOOLS, {"redis"}, besides={"redis_store"}) == []


def test_only_the_outer_rooms_know_dagster() -> None:
    assert importers(PRODUCT, DAGSTER, besides=KNOW_DAGSTER) == []


def test_commands_ask_services_and_open_no_transaction() -> None:
    commands = {name: module for name, module in PRODUCT.items() if module.room.split("/")[0] == "cli"}
    inner = {"ingestion_dagster.store", "ingestion_dagster.redis_store", "ingestion_dagster.pipeline"}
    assert more_than_types(commands, inner) == []
    assert calls(commands, {".transaction", "connected", "deployment.run"}) == []


def test_only_settings_reads_the_environment_and_few_others_with_a_reason() -> None:
    assert set(environment_readers(PRODUCT)) <= set(KNOW_THE_ENVIRONMENT)


def test_the_product_never_imports_its_tests_its_demo_or_its_benchmarks() -> None:
    assert importers(PRODUCT, {"ingestion_dagster_tests", "demo", "benchmarks", "tools"}) == []


def test_a_test_is_in_the_room_of_what_it_tests() -> None:
    for kind in ("unit", "integration"):
        assert names_no_code(read_tree(TESTS / kind), PRODUCT.values(), NO_ROOMS) == []


def test_no_room_is_crowded() -> None:
    assert crowded(PRODUCT, MOST_MODULES) == []


def test_no_module_is_called_by_a_name_that_says_nothing() -> None:
    assert called(PRODUCT, SAY_NOTHING) == []


def test_every_module_says_what_belongs_in_it() -> None:
    assert silent(PRODUCT | DEMO | TOOLS) == []


def test_no_dagster_module_postpones_its_annotations() -> None:
    """Dagster reads the annotations of decorated functions; postponed ones break context, config and resources."""
    assert postponing(PRODUCT, "dagster") == []
