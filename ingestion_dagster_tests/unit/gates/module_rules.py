"""Rules about modules: who may import what, and what pure modules may not do. Each takes the modules of a source tree
and gives its violations in words. Which rules hold for the product is in `test_directions.py`.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One imported name in full: `a.b` for `import a.b` and for `from a import b`, whether b is a module or not."""

    name: str
    line: int

    @property
    def library(self) -> str:
        """The first part of the name."""
        return self.name.split(".", 1)[0]


@dataclass(frozen=True)
class Module:
    """One file of the tree. `name` has dots; `room` is the folder it is in, `.` for the tree's root."""

    name: str
    room: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.source)

    def nodes(self) -> Iterator[ast.AST]:
        """Every node, also of what stands inside functions and below `if TYPE_CHECKING`."""
        return ast.walk(self.tree)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Everything it names, wherever the import stands."""
        found = []
        for node in self.nodes():
            if isinstance(node, ast.Import):
                found += [Import(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                start = self._start_of(node.level)
                base = ".".join(part for part in (start, node.module) if part)
                found += [Import(f"{base}.{alias.name}", node.lineno) for alias in node.names]
        return tuple(found)

    def _start_of(self, level: int) -> str:
        """The package that a relative import begins at."""
        return ".".join(self.name.split(".")[:-level]) if level else ""


Modules = Mapping[str, Module]


def read_tree(root: Path, package: str = "") -> Modules:
    """Every module below the folder `root`, which is the package `package` (by default of the folder's name)."""
    package = package or root.name
    found = {}
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        parts = inside.with_suffix("").parts
        name = ".".join((package, *(parts[:-1] if parts[-1] == "__init__" else parts)))
        found[name] = Module(name, inside.parent.as_posix(), path.read_text(encoding="utf-8"))
    return found


def arrows(modules: Modules, module: Module) -> set[str]:
    """The modules of the tree that it imports. A package of whose modules one is imported is not counted itself."""
    named = (one.name if one.name in modules else one.name.rpartition(".")[0] for one in module.imports)
    return {name for name in named if name in modules} - {module.name}


def circles(modules: Modules) -> list[list[str]]:
    """Groups of modules that import each other, however many steps that takes."""
    reach: dict[str, set[str]] = {name: arrows(modules, module) for name, module in modules.items()}

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(reach[start])
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += reach[name]
        return seen

    everywhere = {name: reachable(name) for name in modules}
    groups = {
        tuple(sorted(other for other in seen if name in everywhere[other]))
        for name, seen in everywhere.items()
        if name in seen
    }
    return [list(group) for group in sorted(groups)]


def against_order(modules: Modules, layers: Sequence[Collection[str]]) -> list[str]:
    """Imports that go up. `layers` from the innermost; one names rooms (a folder and what is below it) or root modules.

    Rooms of one layer do not know each other.
    """
    height = {place: (number, place) for number, layer in enumerate(layers) for place in layer}

    def place_of(module: Module) -> tuple[int, str] | None:
        parts = module.name.split(".")[1:]
        names = ["/".join(parts[:end]) for end in range(len(parts), 0, -1)] or ["."]
        return next((height[name] for name in names if name in height), None)

    wrong = []
    for module in modules.values():
        here = place_of(module)
        if here is None:
            wrong.append(f"{module.name} is in no layer")
            continue
        for name in sorted(arrows(modules, module)):
            there = place_of(modules[name])
            if there is not None and there != here and there[0] >= here[0]:
                wrong.append(f"{module.name} ({here[1]}) imports {name} ({there[1]})")
    return wrong


def importers(modules: Modules, libraries: Collection[str], besides: Collection[str] = ()) -> list[str]:
    """Modules outside the rooms `besides` (or not one of those modules) that import one of the libraries."""
    return [
        f"{module.name}:{one.line} imports {one.name}"
        for module in modules.values()
        if not _within(module, besides)
        for one in module.imports
        if one.library in libraries
    ]


def foreign(modules: Modules, allowed: Collection[str]) -> list[str]:
    """Imports of anything that is not allowed. `urllib.parse` allows that part alone, `json` all of it."""
    own = {name.split(".")[0] for name in modules}
    return [
        f"{module.name}:{one.line} imports {one.name}"
        for module in modules.values()
        for one in module.imports
        if one.library not in own and not any(f"{one.name}.".startswith(f"{name}.") for name in allowed)
    ]


def calls(modules: Modules, forbidden: Collection[str], besides: Collection[str] = ()) -> list[str]:
    """Calls by the last part of their name (`now` of `datetime.now`), by all of it, or as methods alone (`.read`)."""

    def is_forbidden(called: str) -> bool:
        _, dot, last = called.rpartition(".")
        return called in forbidden or last in forbidden or f"{dot}{last}" in forbidden

    return [
        f"{module.name}:{node.lineno} calls {called}"
        for module in modules.values()
        if not _within(module, besides)
        for node in module.nodes()
        if isinstance(node, ast.Call) and is_forbidden(called := ast.unparse(node.func))
    ]


def environment_readers(modules: Modules) -> list[str]:
    """Modules that read or change the environment."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv", "expandvars"}

    def reads(module: Module) -> bool:
        for node in module.nodes():
            if isinstance(node, ast.Attribute) and node.attr in names:
                return True
            if isinstance(node, ast.ImportFrom) and node.module == "os" and names & {a.name for a in node.names}:
                return True
        return False

    return [module.name for module in modules.values() if reads(module)]


def crowded(modules: Modules, most: int) -> list[str]:
    """Rooms with more modules than `most` beside `__init__`."""
    counts: dict[str, int] = {}
    for module in modules.values():
        if not _is_package(modules, module):
            counts[module.room] = counts.get(module.room, 0) + 1
    return [f"{room}: {count} modules" for room, count in counts.items() if count > most]


def more_than_types(modules: Modules, packages: Collection[str]) -> list[str]:
    """Imports from these packages of anything but types, whose names have a capital."""
    return [
        f"{module.name}:{one.line} imports {one.name}"
        for module in modules.values()
        for one in module.imports
        if any(f"{one.name}.".startswith(f"{package}.") for package in packages)
        and not one.name.rpartition(".")[2][0].isupper()
    ]


def called(modules: Modules, names: Collection[str]) -> list[str]:
    """Modules of one of these names."""
    return [name for name in modules if name.rpartition(".")[2] in names]


def silent(modules: Modules) -> list[str]:
    """Modules that do not say what belongs in them."""
    return [module.name for module in modules.values() if not ast.get_docstring(module.tree)]


def postponing(modules: Modules, library: str) -> list[str]:
    """Modules that import the library and postpone their annotations."""
    return [
        module.name
        for module in modules.values()
        if any(one.name == "__future__.annotations" for one in module.imports)
        and any(one.library == library for one in module.imports)
    ]


def names_no_code(tests: Modules, product: Iterable[Module], own: Collection[str] = ()) -> list[str]:
    """Test files in a folder that is no room of the product. `own` are folders for what is no room."""
    rooms = {module.room for module in product} | set(own)
    return [
        f"{module.name} is in {module.room}"
        for module in tests.values()
        if module.name.rpartition(".")[2].startswith("test_") and module.room not in rooms
    ]


def _within(module: Module, places: Collection[str]) -> bool:
    path = "/".join(module.name.split(".")[1:])
    return any(path == place or f"{path}/".startswith(f"{place}/") for place in places)


def _is_package(modules: Modules, module: Module) -> bool:
    return module.name.count(".") == 0 or module.room == "/".join(module.name.split(".")[1:])
