"""Each rule of `module_rules.py` can fail: small trees that break it, beside trees that keep it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion_dagster_tests.unit.gates.module_rules import (
    Modules,
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

Tree = Callable[..., Modules]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Modules of an invented package `shop`, from their paths (`core__a` is `core/a.py`) and sources."""

    def made(**sources: str) -> Modules:
        for path, source in sources.items():
            inside = path.replace("__init__", "INIT").replace("__", "/").replace("INIT", "__init__")
            file = tmp_path / "shop" / f"{inside}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source, encoding="utf-8")
        return read_tree(tmp_path / "shop")

    return made


def test_an_import_upwards_is_found_also_inside_a_function(tree: Tree) -> None:
    modules = tree(core__a="def f():\n    from shop.store import b", store__b="import shop.core.a")
    assert against_order(modules, (("core",), ("store",))) == ["shop.core.a (core) imports shop.store.b (store)"]


def test_a_relative_import_is_an_import_too(tree: Tree) -> None:
    modules = tree(core__a="from ..store import b", store__b="")
    assert against_order(modules, (("core",), ("store",))) == ["shop.core.a (core) imports shop.store.b (store)"]


def test_an_import_for_types_alone_is_an_import_too(tree: Tree) -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.store.b import B"
    assert against_order(tree(core__a=source, store__b="class B: ..."), (("core",), ("store",)))


def test_rooms_of_one_layer_do_not_know_each_other(tree: Tree) -> None:
    modules = tree(store__a="from shop.queue.b import c", queue__b="c = 1")
    assert against_order(modules, (("store", "queue"),)) == ["shop.store.a (store) imports shop.queue.b (queue)"]
    assert against_order(modules, (("queue",), ("store",))) == []


def test_a_room_inside_a_room_has_a_place_of_its_own(tree: Tree) -> None:
    modules = tree(core__a="from shop.core.rows import b", core__rows__b="")
    assert against_order(modules, (("core",), ("core/rows",))) == [
        "shop.core.a (core) imports shop.core.rows.b (core/rows)"
    ]


def test_a_room_that_the_order_forgets_is_named(tree: Tree) -> None:
    assert against_order(tree(new__a=""), (("core",),)) == ["shop.new.a is in no layer"]


def test_a_circle_is_found_however_long_and_wherever_its_imports_stand(tree: Tree) -> None:
    modules = tree(a="from shop import b", b="def f():\n    import shop.c", c="from shop.a import x", d="import shop.a")
    assert circles(modules) == [["shop.a", "shop.b", "shop.c"]]


def test_a_package_and_its_own_module_can_be_a_circle(tree: Tree) -> None:
    modules = tree(core____init__="from shop.core.a import x", core__a="from shop.core import y")
    assert circles(modules) == [["shop.core", "shop.core.a"]]


def test_a_tree_without_circles_has_none(tree: Tree) -> None:
    assert circles(tree(a="from shop import b, c", b="from shop import c", c="")) == []


def test_a_library_outside_its_room_is_found(tree: Tree) -> None:
    modules = tree(store__a="import sqlalchemy.ext", services__b="def f():\n    from sqlalchemy import text")
    assert importers(modules, {"sqlalchemy"}, besides={"store"}) == ["shop.services.b:2 imports sqlalchemy.text"]


def test_a_room_whose_name_begins_like_an_allowed_one_is_not_allowed(tree: Tree) -> None:
    assert importers(tree(storehouse__a="import sqlalchemy"), {"sqlalchemy"}, besides={"store"})


def test_a_library_that_is_not_pure_is_found(tree: Tree) -> None:
    source = "import json\nfrom urllib.parse import quote\nfrom urllib import request\nimport os.path\nimport shop.b"
    found = foreign(tree(a=source), {"json", "urllib.parse"})
    assert found == ["shop.a:3 imports urllib.request", "shop.a:4 imports os.path"]


@pytest.mark.parametrize("call", ["open('x')", "datetime.now()", "time.time()", "Path('x')", "path.read_text()"])
def test_a_call_that_is_not_pure_is_found(tree: Tree, call: str) -> None:
    assert calls(tree(a=f"def f(path):\n    return {call}"), {"open", "now", "time.time", "Path", ".read_text"})


def test_a_call_that_only_sounds_like_one_is_not(tree: Tree) -> None:
    assert calls(tree(a="read_text(1); cell.time(); reopen()"), {"open", "time.time", ".read_text"}) == []


@pytest.mark.parametrize(
    "source",
    ["import os\nos.environ['A']", "from os import environ", "import os\nos.getenv('A')", "from os import getenv as g"],
)
def test_a_reader_of_the_environment_is_found(tree: Tree, source: str) -> None:
    assert environment_readers(tree(a=source, b="environment = {}")) == ["shop.a"]


def test_a_function_of_an_inner_room_is_found_and_a_type_is_not(tree: Tree) -> None:
    modules = tree(cli__a="from shop.store.b import Row, rows\nfrom shop.store import b\nfrom shop.stores import x")
    assert more_than_types(modules, {"shop.store"}) == [
        "shop.cli.a:1 imports shop.store.b.rows",
        "shop.cli.a:2 imports shop.store.b",
    ]


def test_a_module_whose_name_says_nothing_is_found(tree: Tree) -> None:
    assert called(tree(core__utils="", core__utilities=""), {"utils"}) == ["shop.core.utils"]


def test_a_module_without_a_docstring_is_found(tree: Tree) -> None:
    assert silent(tree(a="# nothing said", b='"""What belongs here."""')) == ["shop.a"]


def test_postponed_annotations_beside_a_library_are_found(tree: Tree) -> None:
    modules = tree(
        a="from __future__ import annotations\nimport dagster as dg",
        b="from __future__ import annotations",
        c="import dagster",
    )
    assert postponing(modules, "dagster") == ["shop.a"]


def test_a_crowded_room_is_named(tree: Tree) -> None:
    modules = tree(core____init__="", core__a="", core__b="", core__c="", core__rows__d="")
    assert crowded(modules, 2) == ["core: 3 modules"]
    assert crowded(modules, 3) == []


def test_a_test_in_a_folder_without_code_is_found(tree: Tree, tmp_path: Path) -> None:
    product = tree(core__a="")
    for path in ("core/test_a.py", "cote/test_b.py", "cote/made.py", "docs/test_c.py"):
        (tmp_path / "unit" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unit" / path).write_text("", encoding="utf-8")
    found = names_no_code(read_tree(tmp_path / "unit"), product.values(), {"docs"})
    assert found == ["unit.cote.test_b is in cote"]
