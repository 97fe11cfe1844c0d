"""Builds the documentation as a site, from zensical.toml: `make docs`.

The pages are laid together in the folders they have in the checkout, so that one relative link serves the site and a
code host. Mermaid's script comes from an installed package: nothing is fetched."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
CONFIG = CHECKOUT / "zensical.toml"
AROUND = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "benchmarks/README.md")
TRACEBACK = re.compile(r"^Traceback \(most recent call last\):.*", re.MULTILINE | re.DOTALL)


def listed(node: object) -> Iterator[str]:
    """The pages in a part of the navigation."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, (list, dict)):
        for child in node.values() if isinstance(node, dict) else node:
            yield from listed(child)


def lay(pages: Path) -> list[str]:
    """Copies everything that the site is made of; the names of the pages."""
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(CHECKOUT / "docs", pages / "docs")
    for name in AROUND:
        (pages / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(CHECKOUT / name, pages / name)
    shutil.copyfile(mermaid(), pages / "docs/assets/mermaid.js")
    return sorted(str(page.relative_to(pages)) for page in pages.rglob("*.md"))


def mermaid() -> Path:
    """Mermaid's script. The package that carries it is not imported: only its data is of use."""
    package = importlib.util.find_spec("mermaidx")
    if package is None or package.origin is None:
        sys.exit("mermaidx, which carries Mermaid's script, is not installed: make setup")
    return Path(package.origin).parent / "assets/mermaid.js"


def strays(pages: list[str], navigation: object) -> list[str]:
    """What is wrong between the pages there are and those that the navigation lists."""
    named = list(listed(navigation))
    wrong = [f"{page} is in no part of `nav`: list it" for page in pages if page not in named]
    wrong += [f"`nav` lists {page}, which is not there" for page in named if page not in pages]
    return wrong + [f"`nav` lists {page} twice" for page in sorted({page for page in named if named.count(page) > 1})]


def build() -> int:
    """Builds strictly: a broken link or a page that is not listed fails."""
    project = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]
    wrong = strays(lay(CHECKOUT / project["docs_dir"]), project["nav"])
    if wrong:
        print(*(f"zensical.toml: {line}" for line in wrong), sep="\n", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(CONFIG)]
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, env=environment, check=False)  # noqa: S603
    if done.returncode:
        print(TRACEBACK.sub("", done.stdout + done.stderr).rstrip(), file=sys.stderr)
        return 1
    print(f"The site is in {project['site_dir']}.")
    return 0


if __name__ == "__main__":
    sys.exit(build())
