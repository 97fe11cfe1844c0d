"""The HTTP side of the fake: one server for tokens, Sheets, Drive and exports, its log, quotas and faults."""

import gzip
import json
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ingestion_dagster_tests.fake_google import answers
from ingestion_dagster_tests.fake_google.documents import FakeDocument
from ingestion_dagster_tests.fake_google.faults import ANSWERS, Failure, Fault, FaultPlan, google_error, quota_exceeded
from ingestion_dagster_tests.fake_google.quotas import ReadQuota
from ingestion_dagster_tests.fake_google.tokens import TokenServer

ROBOT = "price-robot@fake-project.iam.gserviceaccount.com"


@dataclass
class FakeGoogle:
    """A running fake. Documents may be changed while it runs."""

    url: str
    """Base URL of all of it: INGESTION_GOOGLE_SHEETS_URL, INGESTION_GOOGLE_DRIVE_URL, and that of public sheets."""
    key_file: Path
    documents: dict[str, FakeDocument]
    tokens: TokenServer
    quota: ReadQuota
    faults: FaultPlan = field(default_factory=FaultPlan)
    log: list[str] = field(default_factory=list)
    """One word per request: `token`, the method's id, or `export`; refused ones with their status."""
    latency: float = 0.0
    """Seconds before each answer."""
    before: Callable[[str], None] | None = None
    """Called with each path before it is answered: somebody edits a document just then."""
    stopping: threading.Event = field(default_factory=threading.Event)
    _packed: dict[tuple[str, int, str], bytes] = field(default_factory=dict)

    def reads(self) -> int:
        """How many reads of the Sheets API were answered with data."""
        return sum(entry.startswith("sheets.") and " " not in entry for entry in self.log)

    def forget(self) -> None:
        """Clears log and faults."""
        self.log.clear()
        self.faults.clear()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True  # head and body are two writes; each would wait 40 ms for an acknowledgement
    google: FakeGoogle

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: `FakeGoogle.log` is the log."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if not self._went_wrong():
            if urlsplit(self.path).path != "/token":
                self._fail(google_error(404, "NOT_FOUND", "Requested entity was not found."), "unknown")
            else:
                granted = self.google.tokens.grant(form)
                if isinstance(granted, Failure):
                    self._fail(granted, "token")
                else:
                    self._log("token")
                    self._send(200, json.dumps(granted).encode(), "application/json; charset=utf-8", {})

    def do_GET(self) -> None:
        if self._went_wrong():
            return
        if self.google.before is not None:
            self.google.before(self.path)
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        found = answers.find(parts.path)
        if found is None:
            self._fail(answers.export(parts.path, query, self.google.documents), "export")
            return
        asked, names = found
        refusal = self.google.tokens.check(self.headers.get("Authorization"), asked.scopes)
        if refusal is None and asked.api == "sheets.v4":
            per = self.google.quota.refuses()
            refusal = quota_exceeded(per) if per else None
        if refusal is not None:
            self._fail(refusal, asked.id)
            return
        place = (names[0] if names else "", self._version(names), self.path)
        packed = self.google._packed.get(place)
        if packed is None:
            answer = answers.answer(asked, names, query, self.google.documents)
            if isinstance(answer, Failure):
                self._fail(answer, asked.id)
                return
            packed = gzip.compress(_json(answer, query), 1)
            if names and len(packed) > 100_000:  # rendering a large sheet takes longer than sending it
                self.google._packed[place] = packed
        self._log(asked.id)
        self._send(200, packed, "application/json; charset=UTF-8", {"Content-Encoding": "gzip"})

    def _version(self, names: list[str]) -> int:
        document = self.google.documents.get(names[0]) if names else None
        return document.version if document else 0

    def _went_wrong(self) -> bool:
        """Acts out the planned fault, if there is one for this request."""
        if self.google.latency:
            self.google.stopping.wait(self.google.latency)
        fault = self.google.faults.next()
        if fault is None:
            return False
        self._log(f"fault: {fault}")
        if fault in ANSWERS:
            self._answer(ANSWERS[fault])
        elif fault is Fault.TRUNCATED:
            self._start(200, 5000, "application/json", {})
            self.wfile.write(
                b'{"spreadsheetId": "1',
            )
        elif fault is Fault.SILENCE:
            self.google.stopping.wait(20)
        elif fault is Fault.DRIP:
            self._drip()
        if fault not in ANSWERS:
            self.close_connection = True
        return True

    def _drip(self) -> None:
        self._start(200, 10**9, "application/json", {})
        for _ in range(1000):
            try:
                self.wfile.write(b" ")
            except OSError:
                return
            if self.google.stopping.wait(0.02):
                return

    def _fail(self, failure: Failure, name: str) -> None:
        self._log(name if failure.status == 200 else f"{name} {failure.status}")
        self._answer(failure)

    def _answer(self, failure: Failure) -> None:
        self._send(failure.status, failure.body, failure.content_type, failure.headers)

    def _send(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        self._start(status, len(body), content_type, headers)
        self.wfile.write(body)

    def _start(self, status: int, length: int, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _log(self, entry: str) -> None:
        self.google.log.append(entry)

    def handle(self) -> None:
        """A client that goes away in the middle is not the server's concern."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True


def _json(answer: dict[str, Any], query: dict[str, list[str]]) -> bytes:
    if query.get("prettyPrint") == ["false"]:
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    return json.dumps(answer, ensure_ascii=False, indent=2).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


@contextmanager
def serve(
    documents: Iterable[FakeDocument],
    port: int = 0,
    key_file: Path | None = None,
    quota: ReadQuota | None = None,
) -> Iterator[FakeGoogle]:
    """Serves documents on 127.0.0.1 until the block ends.

    Writes the robot's key file (default: a temporary one, removed at the end), whose `token_uri` points here.
    """
    with tempfile.TemporaryDirectory(prefix="fake-google-") as folder:
        handler = type("Handler", (_Handler,), {})
        server = _Server(("127.0.0.1", port), handler)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        google = FakeGoogle(
            url,
            key_file or Path(folder) / "service_account.json",
            {document.key: document for document in documents},
            TokenServer(ROBOT),
            quota or ReadQuota(),
        )
        handler.google = google  # type: ignore[attr-defined]
        google.tokens.write_key_file(google.key_file, f"{url}/token")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield google
        finally:
            google.stopping.set()
            server.shutdown()
            server.server_close()
            thread.join()
