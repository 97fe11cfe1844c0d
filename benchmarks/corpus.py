"""Scores the reader on price lists that others made, with the corpus' own rules.

    python -m benchmarks.corpus [FOLDER] [--misses]        (make corpus)

The lists are not part of this project: FOLDER (default `../shared/corpus`) holds `score.py` and `dev/` with
`manifest.jsonl` and the files. Without it there is nothing to measure, and it says so. Nothing was fitted to these
lists by a program. Weights are made by hand, though with these lists in sight, so the figures flatter; phrases known
from one of these files alone were taken out of the words again.
"""

import argparse
import importlib.util
import json
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

from ingestion_dagster.core.errors import DataIngestionError
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.sources.open_file import open_workbook

DEFAULT = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--misses", action="store_true")
    wanted = parser.parse_args()
    if not (wanted.folder / "score.py").exists():
        print(f"skipped: no corpus in {wanted.folder} (it is not part of this project)")
        return
    cases = [json.loads(line) for line in (wanted.folder / "dev" / "manifest.jsonl").open(encoding="utf-8")]
    found = {case["id"]: _understood(wanted.folder / "dev" / "files", case) for case in cases}
    _report(_scorer(wanted.folder), cases, found, wanted.misses)


def _understood(files: Path, case: dict[str, Any]) -> MappedSheet | None:
    hints = ReadingHints(sheet_name=case["sheet"] if case["format"] != "csv" else None)
    try:
        return understand(open_workbook((files / case["file"]).read_bytes(), case["file"], hints), hints)
    except DataIngestionError as error:
        print(f"{case['id']}: {error}", file=sys.stderr)
        return None


def _scorer(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus_score", folder / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _report(score: ModuleType, cases: list[dict[str, Any]], found: dict[str, MappedSheet | None], misses: bool) -> None:
    predictions = {
        name: {
            "header_row_index": sheet.header_row_index,
            "mapping": sheet.mapping(),
            "is_pricelist": sheet.is_pricelist,
        }
        for name, sheet in found.items()
        if sheet is not None
    }
    score.show("dev", cases, predictions, misses)
    _, exact, *_ = score.evaluate(cases, predictions)
    lists = [case["id"] for case in cases if case["is_pricelist"]]
    right = dict(zip(lists, exact, strict=True))
    decisions = Counter(sheet.decision for sheet in found.values() if sheet is not None)
    confident = [name for name in lists if (sheet := found[name]) is not None and sheet.decision == "accept"]
    wrong = [name for name in confident if not right[name]]
    print(f"  decisions     {', '.join(f'{count} {name}' for name, count in decisions.most_common())}")
    print(f"  confident and wrong  {len(wrong)}/{len(confident)} accepted {' '.join(wrong)}")


if __name__ == "__main__":
    main()
