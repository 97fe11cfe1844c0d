"""What a supplier or a foreign web page may make a buyer's browser do: nothing. In a real browser, at the real UI."""

import csv
import http.client
import io
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from ingestion_dagster_tests.e2e.conftest import Stack
from ingestion_dagster_tests.e2e.test_browser import CHROMIUM, PATIENCE, QUIET
from ingestion_dagster_tests.e2e.test_browser import pytestmark as pytestmark
from ingestion_dagster_tests.e2e.test_browser_review import look_until

SELECTOR = '{repositoryLocationName:"ingestion_dagster",repositoryName:"__repository__",jobName:"review_batch"}'


def approval(batch: int, token: str) -> str:
    """What approves the batch when it reaches Dagster."""
    config = f"{{ops: {{decide_batch: {{config: {{batch_id: {batch}, decision: approve, token: '{token}'}}}}}}}}"
    asked = f"{{selector:{SELECTOR},runConfigData:{json.dumps(config)}}}"
    return f"mutation{{launchRun(executionParams:{asked}){{__typename}}}}"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


@pytest.fixture(scope="module")
def held(stack: Stack) -> tuple[int, str]:
    """Batch and token of a list whose headers are images of the UI's own webserver, links and HTML."""
    image = f"![x](/graphql?query={quote(approval(1, 'guessed'), safe=':_,')})"
    link = '[click](/graphql) <img src="/logs/x"> https://evil.example/a'
    out = io.StringIO()
    rows = [[f"A-{n}", f"Thing {n}", f"{n}.50", f"{n}.70"] for n in range(1, 60)]
    csv.writer(out).writerows([["Code", "Name", f"Price {image}", f"Price {link}"], *rows])
    (stack.inbox / "evil.csv").write_text(out.getvalue(), encoding="utf-8")
    stack.push({"task_id": "evil", "supplier_name": "Evil", "parser_type": "csv",
                "source_config": {"file_path": "evil.csv"}})  # fmt: skip
    result = stack.result("evil", patience=120)
    assert result["status"] == "held"
    batch = int(result["batch_id"])
    return batch, str(stack.sql("SELECT decision_token FROM ingestion_batches WHERE id = %s", batch)[0][0])


def still_held(stack: Stack, batch: int) -> bool:
    """Nothing was decided, and Dagster was not even asked for it."""
    asked = stack.dagster_runs("review_batch", batch)
    return asked == 0 and stack.sql("SELECT state FROM ingestion_batches WHERE id = %s", batch) == [("held",)]


def test_a_header_that_is_an_image_is_opened_in_the_ui_and_nothing_happens(
    page: Page, stack: Stack, held: tuple[int, str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    look_until(page, f"{stack.dagster.url}/assets/supplier_items?view=partitions&partition=evil", "held_because")
    for shown in page.get_by_text("Show Markdown").all():
        shown.click()
        page.wait_for_timeout(1000)
        page.keyboard.press("Escape")
    page.wait_for_timeout(1000)
    words = page.inner_text("body")
    checks = f"{stack.dagster.url}/assets/supplier_items?view=checks&checkDetail=mapping_confirmed"
    look_until(page, checks, "mapping_confirmed")
    page.wait_for_timeout(3000)
    words += page.inner_text("body")
    assert "graphql?query=" in words  # the header is there to be read
    assert not [url for url in asked if "graphql?query" in url or "/logs/" in url or "evil.example" in url]
    assert page.locator("a[href*='evil.example'], a[href='/graphql'], img[src*='graphql']").count() == 0
    assert still_held(stack, held[0])


@pytest.fixture
def foreign_page(stack: Stack, held: tuple[int, str], tmp_path: Path) -> Iterator[str]:
    """A page of another server on this machine that tries every way a browser has, and even knows the token."""
    address = f"{stack.dagster.url}/graphql"
    by_get = f"{address}?{urlencode({'query': approval(*held)})}"
    body = json.dumps({"query": approval(*held)})
    (tmp_path / "index.html").write_text(
        f"""<img src='{by_get}'><iframe src='{by_get}'></iframe><iframe src='{stack.dagster.url}/runs'></iframe>
        <iframe name=out></iframe><form id=f method=post enctype=text/plain target=out action='{by_get}'></form>
        <script>
        const tried = [];
        const say = (name, work) => work.then(() => name + ' sent', () => name + ' failed').then(t => tried.push(t));
        say('plain', fetch('{address}', {{method: 'POST', mode: 'no-cors', body: {json.dumps(body)}}}));
        say('address', fetch({json.dumps(by_get)}, {{method: 'POST', mode: 'no-cors'}}));
        say('json', fetch('{address}', {{method: 'POST', headers: {{'Content-Type': 'application/json'}},
            body: {json.dumps(body)}}}));
        const socket = new WebSocket('{address}'.replace('http', 'ws'), 'graphql-ws');
        socket.onopen = () => tried.push('socket open');
        socket.onerror = () => tried.push('socket failed');
        document.getElementById('f').submit();
        const shown = setInterval(() => {{
            if (tried.length > 3) {{ document.title = tried.sort().join(', '); clearInterval(shown); }} }}, 50);
        </script>""",
        encoding="utf-8",
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_foreign_page_that_even_knows_the_token_decides_nothing(
    page: Page, stack: Stack, held: tuple[int, str], foreign_page: str
) -> None:
    answers: dict[tuple[str, str], int] = {}
    page.goto("about:blank")  # what the page before still waited for is answered elsewhere
    page.on("response", lambda answer: answers.update({(answer.request.method, answer.url): answer.status}))
    page.goto(foreign_page)
    page.wait_for_function("document.title.includes('socket')")
    assert page.title() == "address failed, json failed, plain failed, socket failed"
    theirs: dict[tuple[str, str], int] = {}
    for _ in range(60):
        page.wait_for_timeout(1000)
        theirs = {key: status for key, status in answers.items() if key[1].startswith(str(stack.dagster.url))}
        if len(theirs) >= 2:
            break
    assert len(theirs) >= 2
    assert set(theirs.values()) <= {403, 405, 415}, theirs
    assert still_held(stack, held[0])


def status_of(stack: Stack, method: str, path: str, body: str | None = None, **headers: str) -> int:
    """The status of one request as a program sends it; header names with `_`."""
    connection = http.client.HTTPConnection(urlsplit(str(stack.dagster.url)).netloc, timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
           "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec_WebSocket_Protocol": "graphql-ws"}  # fmt: skip


def test_the_real_server_refuses_mutations_by_get_foreign_hosts_and_foreign_origins(
    stack: Stack, held: tuple[int, str]
) -> None:
    query, own = json.dumps({"query": "{ version }"}), str(stack.dagster.url)
    assert status_of(stack, "GET", "/graphql?" + urlencode({"query": approval(*held)})) == 405
    assert status_of(stack, "GET", "/graphql?" + urlencode({"query": "{ version }"})) == 200
    assert status_of(stack, "GET", "/server_info", Host="rebound.evil.example") == 403
    assert status_of(stack, "POST", "/graphql", query, Content_Type="application/json") == 200
    assert status_of(stack, "POST", "/graphql", query, Content_Type="application/json", Origin=own) == 200
    assert status_of(stack, "POST", "/graphql", query, Content_Type="application/json", Origin="null") == 403
    assert status_of(stack, "POST", "/graphql", query, Content_Type="text/plain") == 415
    assert status_of(stack, "GET", "/graphql", **UPGRADE) == 101
    assert status_of(stack, "GET", "/graphql", **UPGRADE, Origin=own) == 101
    assert status_of(stack, "GET", "/graphql", **UPGRADE, Origin="http://evil.example") == 403
    assert status_of(stack, "GET", "/graphql", **UPGRADE, Host="rebound.evil.example") == 403
    assert still_held(stack, held[0])
