"""The wheel as a stranger has it: built, and installed into an environment with what it declares and nothing else.

The dependencies are those of requirements.lock, linked from the environment that runs the tests, so that nothing is
downloaded. Neither the checkout nor the tools of the tests can be imported there.
"""

import os
import re
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

from ingestion_dagster.settings import CHECKOUT

UV = Path(sys.executable).parent / "uv"


@dataclass(frozen=True)
class Built:
    """What `uv build` leaves; the wheel is made from the source distribution."""

    sdist: Path
    wheel: Path


def build(folder: Path, source: Path = CHECKOUT) -> Built:
    """Both distributions of what is in `source`, with the hatchling that is installed here."""
    run(UV, "build", "--offline", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, source)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel)


@dataclass(frozen=True)
class Environment:
    """A virtual environment and an empty folder to work in."""

    bin: Path
    folder: Path

    def variables(self, **more: str) -> dict[str, str]:
        """Nothing of the caller's: no setting, no PYTHONPATH, no other environment's commands on the PATH."""
        return {"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **more}

    @contextmanager
    def started(self, log: Path, program: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        """The program at work, with its output in `log`; what does not end by itself is killed."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                [self.bin / program, *arguments],
                cwd=self.folder, env=self.variables(), stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def __call__(self, program: str, *arguments: str, **variables: str) -> str:
        """What the program prints; it must succeed."""
        return run(self.bin / program, *arguments, cwd=self.folder, env=self.variables(**variables))


def install(wheel: Path, root: Path) -> Environment:
    """A new environment below `root` with the wheel in it."""
    venv, folder = root / "venv", root / "empty"
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    folder.mkdir()
    python = venv / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    for found in declared():
        link_scripts(found, venv / "bin")
    link_modules(declared(), site)
    run(UV, "pip", "install", "--quiet", "--offline", "--no-index", "--no-deps", "--python", python, wheel)
    return Environment(venv / "bin", folder)


def declared() -> list[Distribution]:
    """What a user gets with the package: requirements.lock, as far as it is for this interpreter and platform."""
    text = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    wanted = [Requirement(line.rstrip(" \\")) for line in re.findall(r"^[a-z0-9].*", text, re.MULTILINE)]
    return [distribution(want.name) for want in wanted if want.marker is None or want.marker.evaluate()]


def link_modules(found: list[Distribution], site: Path) -> None:
    """A link per top-level name; per file where distributions share the name (`google`)."""
    here = Path(sysconfig.get_path("purelib"))
    owners: Counter[str] = Counter()
    for each in distributions():
        owners.update({file.parts[0] for file in each.files or ()})
    for each in found:
        for file in each.files or ():
            if file.parts[0] == "..":
                continue
            linked = Path(file) if owners[file.parts[0]] > 1 else Path(file.parts[0])
            target = site / linked
            if not target.exists() and (here / linked).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(here / linked)


def link_scripts(found: Distribution, folder: Path) -> None:
    """Its commands, for the interpreter of `folder`; programs that are no Python are linked."""
    for file in found.files or ():
        if file.parts[-2:-1] != ("bin",) or file.parts[0] != "..":
            continue
        source = Path(str(file.locate())).resolve()
        first, _, rest = source.read_bytes().partition(b"\n")
        if b"python" in first and first.startswith(b"#!"):
            (folder / source.name).write_bytes(b"#!" + os.fsencode(folder / "python") + b"\n" + rest)
            (folder / source.name).chmod(0o755)
        else:
            (folder / source.name).symlink_to(source)


def run(program: Path | str, *arguments: Path | str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What it prints; AssertionError with what it complains about where it fails."""
    done = subprocess.run(
        [program, *arguments], cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{Path(program).name} {arguments[:2]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout
