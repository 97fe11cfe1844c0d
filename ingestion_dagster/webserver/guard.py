"""The ASGI application around Dagster's: asks `rules.py` about every request, answers those that are refused."""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion_dagster.webserver.rules import Asked, refusal

HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Beside Dagster's own policy, not instead of it: a browser keeps both. No page frames ours, and no text brings an
    # image from elsewhere.
    "Content-Security-Policy": "frame-ancestors 'self'; form-action 'self'; img-src 'self' data: blob:",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """`app`, reached under names of its own, by its own pages and by programs. `hosts`: those of INGESTION_UI_HOSTS."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self.app, self.hosts = app, tuple(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refused = refusal(asked_of(scope), self.hosts)
        if refused is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            # Closed before it was accepted: the server answers the upgrade with 403.
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            answer = PlainTextResponse(f"refused: {refused.reason}\n", refused.status, HEADERS)
            await answer(scope, receive, send)


def asked_of(scope: Scope) -> Asked:
    """What the rules look at, of an ASGI request or WebSocket."""
    headers = Headers(scope=scope)
    server = scope.get("server") or ("", None)
    return Asked(
        method="WEBSOCKET" if scope["type"] == "websocket" else scope["method"].upper(),
        path=scope["path"],
        hosts=tuple(headers.getlist("host")),
        origins=tuple(headers.getlist("origin")),
        content_types=tuple(headers.getlist("content-type")),
        queries=tuple(QueryParams(scope["query_string"]).getlist("query")),
        site=headers.get("sec-fetch-site", "").lower(),
        mode=headers.get("sec-fetch-mode", "").lower(),
        dest=headers.get("sec-fetch-dest", "").lower(),
        reached=server[0],
    )


def _with_headers(send: Send) -> Send:
    async def _send(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.append(name, value)
        await send(message)

    return _send
