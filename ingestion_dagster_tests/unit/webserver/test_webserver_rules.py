"""Which requests reach Dagster's web application: what browsers send for foreign pages does not."""

import asyncio
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from ingestion_dagster.webserver.guard import Guard
from ingestion_dagster.webserver.rules import Asked, named, only_reads, refusal

MUTATION = "mutation { launchRun { __typename } }"
PAGE = Asked("GET", "/assets", ("127.0.0.1:3000",), reached="127.0.0.1")
SENT = Asked(
    "POST", "/graphql", ("127.0.0.1:3000",), origins=("http://127.0.0.1:3000",), content_types=("application/json",),
    site="same-origin", mode="cors", dest="empty", reached="127.0.0.1",
)  # fmt: skip
OPENED = replace(SENT, method="WEBSOCKET", content_types=(), mode="websocket", dest="websocket")


@pytest.mark.parametrize("asked", [PAGE, SENT, OPENED], ids=lambda asked: asked.method)
@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "localhost", "127.0.0.2:8080"])
def test_its_own_pages_are_let_through_under_this_machines_names(asked: Asked, host: str) -> None:
    own = replace(asked, hosts=(host,), origins=(f"http://{host}",) if asked.origins else ())
    assert refusal(own) is None


def test_programs_without_an_origin_are_let_through() -> None:
    assert refusal(replace(SENT, origins=(), site="", mode="", dest="")) is None
    assert refusal(replace(OPENED, origins=(), site="", mode="", dest="")) is None
    assert refusal(replace(PAGE, path="/graphql", queries=("{ version }", "query a { version }"))) is None
    assert refusal(replace(PAGE, path="/server_info")) is None


@pytest.mark.parametrize("host", [
    "rebound.evil.example", "127.0.0.1.evil.example:3000", "localhost.evil.example", "evil.example@127.0.0.1", "",
    "127.0.0.1/x", "10.0.0.9:3000", "2130706433",
])  # fmt: skip
@pytest.mark.parametrize("asked", [PAGE, SENT, OPENED], ids=lambda asked: asked.method)
def test_a_foreign_name_is_refused_with_the_setting_that_would_allow_it(asked: Asked, host: str) -> None:
    origins = (f"http://{host}",) if asked.origins else ()
    refused = refusal(replace(asked, hosts=(host,), origins=origins))
    assert refused is not None
    assert refused.status == 403
    assert "INGESTION_UI_HOSTS" in refused.reason


def test_one_name_is_told_and_not_none_or_two() -> None:
    assert refusal(replace(PAGE, hosts=()))
    assert refusal(replace(PAGE, hosts=("127.0.0.1:3000", "127.0.0.1:3000")))


def test_the_address_that_was_reached_and_names_of_the_setting_are_ours() -> None:
    assert refusal(replace(PAGE, hosts=("10.0.0.5:3000",), reached="10.0.0.5")) is None
    behind = replace(SENT, hosts=("prices.example",), origins=("https://prices.example",))
    assert refusal(behind)
    assert refusal(behind, ["prices.example"]) is None
    # A proxy that does not pass the name on.
    assert refusal(replace(behind, hosts=("127.0.0.1:3000",)), ["prices.example"]) is None
    with_port = replace(behind, origins=("https://prices.example:8443",))
    assert refusal(with_port, ["prices.example"])
    assert refusal(with_port, ["prices.example:8443"]) is None


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8080", "http://localhost:3000", "",
                                    "https://127.0.0.1:3000.evil.example", "file://", "http://127.0.0.1:3000@evil.example",
                                    "chrome-extension://127.0.0.1:3000", "http://127.0.0.1"])  # fmt: skip
@pytest.mark.parametrize("asked", [SENT, OPENED, replace(PAGE, path="/graphql")], ids=lambda asked: asked.method)
def test_a_foreign_page_is_refused_another_port_of_this_machine_included(asked: Asked, origin: str) -> None:
    refused = refusal(replace(asked, origins=(origin,), site="", mode="", dest=""))
    assert refused is not None
    assert refused.status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_of_another_site_only_a_link_to_a_page_is_followed(site: str) -> None:
    link = replace(PAGE, site=site, mode="navigate", dest="document")
    assert refusal(link) is None
    assert refusal(replace(link, dest="iframe"))
    assert refusal(replace(link, path="/graphql", queries=("{ version }",)))
    assert refusal(replace(link, mode="no-cors", dest="image"))
    assert refusal(replace(SENT, site=site, origins=()))


@pytest.mark.parametrize("kind", [
    "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "text/plain; x=application/json", "text/plain;application/json",
])  # fmt: skip
def test_what_a_form_can_send_is_no_request(kind: str) -> None:
    refused = refusal(replace(SENT, origins=(), content_types=(kind,) if kind else ()))
    assert refused is not None
    assert refused.status == 415
    assert "application/json" in refused.reason
    assert refusal(replace(SENT, content_types=("application/json", "text/plain")))


@pytest.mark.parametrize("document", [
    MUTATION, "mutation a { b } query c { d }", "query c { d } mutation a { b }", "subscription { a }",
    "# q\n" + MUTATION,    "\ufeff" + MUTATION, "query { a } fragment f on B { c } " + MUTATION, "[" + MUTATION + "]",
    '["{ version }"]', "",
    "{", "not graphql", "{ a " * 5000, "{" + "a " * 30_000 + "}", "mutation", "\x00",
])  # fmt: skip
@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "//graphql", "/prefix/graphql", "/GraphQL"])
def test_by_an_address_nothing_is_changed_and_what_cannot_be_read_is_refused(document: str, path: str) -> None:
    for method in ("GET", "HEAD"):
        refused = refusal(replace(PAGE, method=method, path=path, queries=("{ version }", document)))
        assert refused is not None
        assert refused.status == 405


READS = (
    "{ a }",
    "query mutation { a }",
    "query a($b: C) @d { e(f: $b) }",
    "fragment g on H { i }",
    '{ a(b: "mutation { c }") }',
)
CHANGES = (MUTATION, "mutation query { a }", "subscription { a }", "# query { a }\nmutation a { b }")


@given(st.lists(st.sampled_from([*READS, *CHANGES]), min_size=1), st.sampled_from([" ", "\n", ",", "\t\n# mutation\n"]))
def test_a_document_reads_where_each_of_its_operations_does(parts: list[str], between: str) -> None:
    assert only_reads(between.join(parts)) == (not set(parts) & set(CHANGES))


@given(st.text())
def test_no_text_makes_a_query_of_a_mutation(text: str) -> None:
    hides = ("query", "{", "#", '"', "fragment")
    assert any(word in text for word in hides) or not only_reads(f"{text} {MUTATION}")


@given(st.text(max_size=30))
def test_no_host_header_is_read_as_something_else(text: str) -> None:
    found = named(text)
    assert found is None or set(found.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_:")


async def _hello(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await PlainTextResponse("hello")(scope, receive, send)


def answer(kind: str, path: str, **headers: str) -> tuple[Message, str]:
    """What the guard sends first, and the text that follows; headers as `content_type="text/plain"`."""
    given_headers = {"host": "127.0.0.1:3000"} | headers
    scope = {
        "type": "websocket" if kind == "WEBSOCKET" else "http",
        "method": kind,
        "path": path.partition("?")[0],
        "query_string": path.partition("?")[2].encode(),
        "headers": [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in given_headers.items()],
        "server": ("127.0.0.1", 3000),
    }
    sent: list[Message] = []

    async def _receive() -> Message:
        return {"type": "http.request"}

    async def _send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Guard(_hello)(scope, _receive, _send))
    return sent[0], b"".join(message.get("body", b"") for message in sent).decode()


def test_the_guard_answers_in_one_plain_sentence_and_keeps_frames_and_foreign_images_away() -> None:
    page, text = answer("GET", "/")
    headers = Headers(raw=page["headers"])
    assert (page["status"], text) == (200, "hello")
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "img-src 'self'" in headers["content-security-policy"]
    refused, text = answer("GET", "/graphql?" + urlencode({"query": MUTATION}))
    assert (refused["status"], Headers(raw=refused["headers"])["content-type"]) == (405, "text/plain; charset=utf-8")
    assert text.startswith("refused: by GET, only")
    _, text = answer("GET", "/", host="evil\x9b.example")
    assert "evil\\x9b.example" in text


def test_the_guard_asks_the_rules_about_posts_and_websockets() -> None:
    assert answer("POST", "/graphql", content_type="application/json")[0]["status"] == 200
    assert answer("POST", "/graphql", content_type="application/json", origin="http://evil.example")[0]["status"] == 403
    assert answer("POST", "/graphql?query=x", content_type="text/plain")[0]["status"] == 415
    assert answer("WEBSOCKET", "/graphql")[0]["type"] == "websocket.accept"
    assert answer("WEBSOCKET", "/graphql", origin="null")[0]["type"] == "websocket.close"
