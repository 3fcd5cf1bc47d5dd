"""Who may ask, and what browsers are told about what they get."""

import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

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


def guard(token: str | None) -> Callable[[Request, Next], Awaitable[Response]]:
    """Return the middleware that lets in who brings the token; None lets everybody in."""
    expected = None if token is None else f"Bearer {token}".encode()

    async def check(request: Request, follow: Next) -> Response:
        path = request.url.path
        free = path in OPEN or path.startswith(OPEN_FOLDERS)
        given = request.headers.get("authorization", "").encode()
        if expected is None or free or hmac.compare_digest(given, expected):
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
