"""Who may ask, and what browsers are told about what they get."""

import hmac
from collections.abc import Awaitable, Callable, Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

# The page and its examples hold nothing of anybody, and ask for the token.
OPEN = ("/", "/healthz", "/favicon.ico")
OPEN_FOLDERS = ("/page/", "/examples/")
DOCS = ("/docs", "/redoc", "/static-offline-docs")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'"
# Swagger UI starts from a script inside of its page.
DOCS_POLICY = f"{POLICY}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"

Next = Callable[[Request], Awaitable[Response]]


class UnderPath:
    """Tells the application under which path a proxy has it, whether the proxy strips it or not."""

    def __init__(self, app: ASGIApp, *, root_path: str) -> None:
        self._app, self._root = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a request the whole path, as ASGI has it."""
        if scope["type"] == "http":
            path = scope["path"]
            if path == self._root:  # the page asks relative addresses
                await RedirectResponse(f"{path}/")(scope, receive, send)
                return
            whole = path if path.startswith(f"{self._root}/") else self._root + path
            scope = {**scope, "path": whole, "root_path": self._root}
        await self._app(scope, receive, send)


def guard(
    token: str | None, *, hosts: Collection[str] | None
) -> Callable[[Request, Next], Awaitable[Response]]:
    """Return the middleware that lets in who brings the token, under a known name.

    Args:
        token: None lets everybody in.
        hosts: Names of the server, so that no web page reaches it under another; None takes any.
    """
    expected = None if token is None else f"Bearer {token}".encode()

    async def check(request: Request, follow: Next) -> Response:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", "").rstrip("/"))
        host = _name(request.headers.get("host", ""))
        free = path in OPEN or path.startswith(OPEN_FOLDERS)
        given = request.headers.get("authorization", "").encode()
        response: Response
        if hosts is not None and host not in hosts:
            told = (
                f"this server is not called {host[:100]!r}: start it with --allow-host {host[:100]}"
            )
            response = JSONResponse({"detail": told}, 400)
        elif expected is None or free or hmac.compare_digest(given, expected):
            response = await follow(request)
        else:
            response = JSONResponse(
                {"detail": "this server wants a token: send Authorization: Bearer TOKEN"},
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        policy = DOCS_POLICY if path.startswith(DOCS) else POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return check


def _name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    return host.lower() if host.endswith("]") else host.lower().rpartition(":")[0] or host.lower()
