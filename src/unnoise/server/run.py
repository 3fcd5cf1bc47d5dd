"""Starting and stopping a server."""

import signal
import socket
import sys
from collections.abc import Callable, Mapping

import uvicorn

from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError
from unnoise.server.app import make_app
from unnoise.server.pictures import Served
from unnoise.server.settings import ServerSettings

GRACE = 60  # seconds for requests that have begun, after SIGTERM
BACKLOG = 512
KEPT = 5  # seconds that a connection may be idle


def serve(
    models: Mapping[str, Denoiser], settings: ServerSettings, *, say: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests that have begun.

    Args:
        models: Models by the names that requests use; the first is the default.
        settings: The settings of the server.
        say: Receives the address.

    Raises:
        ConfigError: The address cannot be used.
    """
    app = make_app([Served.of(name, model) for name, model in models.items()], settings)
    listener = _listen(settings)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=KEPT,
        server_header=False,
        date_header=True,
        ws="none",
    )
    # uvicorn raises the signal again after a regular end: exit with 0 then. The same handlers end
    # the process before uvicorn has its own.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    # After them, because whoever reads the address may stop the server at once.
    say(f"serving {', '.join(models)} at http://{shown}:{port}")
    with listener:
        uvicorn.Server(config).run(sockets=[listener])


def _listen(settings: ServerSettings) -> socket.socket:
    listener = None
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise ConfigError(
            f"cannot listen at {settings.host}:{settings.port}: {error.strerror}; choose another "
            "--host or --port"
        ) from error
    return listener
