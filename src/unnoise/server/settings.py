"""The settings of a server."""

import ipaddress
import re
from dataclasses import dataclass, field

from unnoise.errors import ConfigError

MEGABYTE = 2**20
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
ROOT_PATH = re.compile(r"(/[\w.~-]+)+")
HOST_NAME = re.compile(r"[\w.-]+|\[[\da-fA-F:.]+\]")
LEAST_TOKEN = 16  # characters


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Where a server listens, whom it serves, and how much it takes.

    Attributes:
        host: The address; ``127.0.0.1`` serves this machine alone.
        port: The TCP port; 0 takes a free one.
        token: The secret that requests send as ``Authorization: Bearer TOKEN``; None lets everybody
            in.
        max_bytes: The largest body.
        max_pixels: The largest number of pixels in all images of a file, by its header.
        queue: The number of requests that may wait for their turn; further ones get status 503,
            as do requests that waited for ``seconds``.
        seconds: The time that a body may take to arrive, and that a request may wait for its turn.
        workers: The number of requests that run in parallel.
        root_path: The path under which a proxy has the server, such as ``/denoise``, or empty.
        allow_hosts: Further names under which requests may reach the server.

    Raises:
        ConfigError: A setting is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    max_bytes: int = 64 * MEGABYTE
    max_pixels: int = 50_000_000
    queue: int = 32
    seconds: float = 30.0
    workers: int = 2
    root_path: str = ""
    allow_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the settings."""
        if not 0 <= self.port < 2**16:
            raise ConfigError(f"port is {self.port}: it is from 0 (any that is free) to 65535")
        for name in ("max_bytes", "max_pixels", "seconds", "workers"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} is {getattr(self, name)}: it must be more than 0")
        if self.root_path and not ROOT_PATH.fullmatch(self.root_path):
            raise ConfigError(
                f"root_path is {self.root_path!r}: it begins with / and does not end with /, "
                "such as /denoise"
            )
        for name in self.allow_hosts:
            if not HOST_NAME.fullmatch(name):
                raise ConfigError(
                    f"allow_hosts has {name!r}: give names without scheme, port and path, such as "
                    "images.example.org"
                )
        if self.queue < 0:
            raise ConfigError(f"queue is {self.queue}: it must be 0 or more")

    @property
    def hosts(self) -> tuple[str, ...] | None:
        """The names under which the server answers; None for any name."""
        if not self.local and not self.allow_hosts:
            return None
        own = f"[{self.host}]" if ":" in self.host else self.host
        return (*LOCAL_HOSTS, own.lower(), *(name.lower() for name in self.allow_hosts))

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def check_access(settings: ServerSettings, *, without_token: bool) -> None:
    """Require a choice of who may use a server that other machines can reach.

    Raises:
        ConfigError: There is no token, and ``without_token`` is false.
    """
    if not settings.local and settings.token is None and not without_token:
        raise ConfigError(
            f"other machines can reach {settings.host}: pass --token-file with a secret that "
            "requests must send, or --without-token to serve everybody"
        )


def check_token(text: str, *, name: str) -> str:
    """Return the token in the text of a file called ``name``.

    Raises:
        ConfigError: The token is too short to be a secret, or is not one word.
    """
    token = text.strip()
    if len(token) < LEAST_TOKEN or not token.isascii() or len(token.split()) != 1:
        raise ConfigError(
            f"{name} holds no token: a token is one word of {LEAST_TOKEN} characters or more; make "
            "one with python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return token
