"""Loads every real list of ../shared/corpus/dev through the queue and the daemon, and says what became of each.

    python benchmarks/corpus_load.py [COUNT]

Without that folder it says so and does nothing. A list may be loaded, held, or refused with a reason; a crash of a run
is what must not happen.
"""

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import orjson

from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.instance.processes import dagster_processes
from ingestion_dagster.local import erase
from ingestion_dagster.settings import Settings

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "dev"


def main() -> int:
    """Exit code 1 where a run crashed or gave no answer."""
    if not CORPUS.exists():
        print(f"skipped: there is no folder {CORPUS}")
        return 0
    cases = [json.loads(line) for line in (CORPUS / "manifest.jsonl").read_text(encoding="utf-8").splitlines() if line]
    cases = cases[: int(sys.argv[1])] if len(sys.argv) > 1 else cases
    root = Path(tempfile.mkdtemp(prefix="ingestion-corpus-"))
    root.chmod(0o711)
    try:
        return _load(root, cases)
    finally:
        erase(root)
        shutil.rmtree(root, ignore_errors=True)


def _load(root: Path, cases: list[dict[str, object]]) -> int:
    settings = Settings(local_root=root, database_url=None, redis_url=None)
    with open_deployment(settings) as deployment, dagster_processes(deployment, None), deployment.mailbox() as mailbox:
        inbox = deployment.settings.inbox_path
        inbox.mkdir(parents=True)
        for case in cases:
            name = str(case["file"])
            shutil.copyfile(CORPUS / "files" / name, inbox / name)
            kind = "csv" if name.endswith((".csv", ".txt", ".001")) else "excel"
            source = {"file_path": name} | ({"sheet_name": case["sheet"]} if case["sheet"] and kind == "excel" else {})
            mailbox.send(
                orjson.dumps(
                    {"task_id": case["id"], "supplier_name": case["id"], "parser_type": kind, "source_config": source}
                )
            )
        results: dict[str, dict[str, object]] = {}
        end = time.monotonic() + 30 * len(cases)
        while len(results) < len(cases) and time.monotonic() < end:
            for case in cases:
                task = str(case["id"])
                found = mailbox.result(task) if task not in results else None
                if found:
                    results[task] = json.loads(found)
                    _tell(task, results[task])
            time.sleep(0.3)
    outcomes = Counter(str(result["status"]) for result in results.values())
    crashed = [task for task, result in results.items() if _crashed(result)]
    print(f"\n{len(results)} of {len(cases)} answered: {dict(outcomes)}; crashed runs: {crashed or 'none'}")
    return 1 if crashed or len(results) < len(cases) else 0


def _crashed(result: dict[str, object]) -> bool:
    expected = {"SheetError", "SourceRejected", "ValidationError"}
    errors: list[dict[str, object]] = result["errors"]  # type: ignore[assignment]
    return result["status"] == "failure" and not {str(e["error_type"]) for e in errors} <= expected


def _tell(task: str, result: dict[str, object]) -> None:
    counts: dict[str, int] = result["statistics"]  # type: ignore[assignment]
    why = " ".join(result.get("reasons", ()))  # type: ignore[arg-type]
    errors: list[dict[str, str]] = result["errors"]  # type: ignore[assignment]
    said = why or (errors[0]["sample_message"] if errors else "")
    rows = f"{counts['successful_rows']:6} rows {counts['failed_rows']:5} rejected"
    print(f"{task:20} {result['status']!s:16} {rows}  {said[:120]}")


if __name__ == "__main__":
    sys.exit(main())
