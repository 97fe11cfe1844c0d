"""Whether the lock files fit pyproject.toml, without a network: `make lock-check`.

Looks at what is written only: every dependency is locked, in a version that is allowed; nothing is locked for a
dependency that is gone; the lock files agree with each other."""

import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==([^\s;]+)(.*?)(?=^[A-Za-z0-9]|\Z)", re.MULTILINE | re.DOTALL)
Pins = dict[str, set[str]]


def pins(lock: str) -> Pins:
    """The versions of every package in a lock file; more than one where they differ by platform or Python."""
    found: Pins = defaultdict(set)
    for name, version, _ in PIN.findall(lock):
        found[canonicalize_name(name)].add(version)
    return dict(found)


def asked_for(lock: str) -> set[str]:
    """The packages that a lock file says were asked for by pyproject.toml itself."""
    return {canonicalize_name(name) for name, _, rest in PIN.findall(lock) if "(pyproject.toml)" in rest}


def misfits(name: str, lock: str, dependencies: list[str]) -> list[str]:
    """Where a lock file does not fit these dependencies."""
    locked = pins(lock)
    wrong = []
    for requirement in map(Requirement, dependencies):
        versions = locked.get(canonicalize_name(requirement.name), set())
        if not versions:
            wrong.append(f"{name} has no {requirement.name}")
        wrong += [
            f"{name} has {requirement.name} {version}, and {requirement} is asked for"
            for version in sorted(versions)
            if not requirement.specifier.contains(version, prereleases=True)
        ]
    named = {canonicalize_name(Requirement(dependency).name) for dependency in dependencies}
    return wrong + [f"{name} has {gone}, which nothing asks for" for gone in sorted(asked_for(lock) - named)]


def differences(product: Pins, tools: Pins) -> list[str]:
    """Where the lock file with the tools has other versions than that of the product."""
    return [
        f"requirements-dev.lock has {name} {', '.join(sorted(tools.get(name, set()))) or 'not at all'}, "
        f"requirements.lock has {', '.join(sorted(versions))}"
        for name, versions in product.items()
        if tools.get(name) != versions
    ]


def check(folder: Path) -> list[str]:
    """All that does not fit."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    product, tools = ((folder / f"requirements{name}.lock").read_text(encoding="utf-8") for name in ("", "-dev"))
    needed, extra = project["dependencies"], project["optional-dependencies"]["dev"]
    return [
        *misfits("requirements.lock", product, needed),
        *misfits("requirements-dev.lock", tools, [*needed, *extra]),
        *differences(pins(product), pins(tools)),
    ]


if __name__ == "__main__":
    wrong = check(CHECKOUT)
    if wrong:
        sys.exit("\n".join([*wrong, "Resolve them again: make lock"]))
