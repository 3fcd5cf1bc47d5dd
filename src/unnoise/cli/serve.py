"""``unnoise serve``."""

from pathlib import Path

from unnoise.cli.applied import RUN_BY, RunBy
from unnoise.cli.console import speaker, verb_app

app = verb_app("serve")


@app.default
def serve(
    *,
    model: list[str] | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    token_file: Path | None = None,
    without_token: bool = False,
    max_bytes: int = 64 * 2**20,
    max_pixels: int = 50_000_000,
    queue: int = 32,
    seconds: float = 30.0,
    workers: int | None = None,
    root_path: str = "",
    allow_host: list[str] | None = None,
    running: RunBy = RUN_BY,
    quiet: bool = False,
) -> None:
    """Serve models over HTTP, with a web page at / and the description of its API at /docs.

    SIGTERM and Ctrl-C stop the server after the requests that have begun.

    Parameters
    ----------
    model
        A model file, a run folder, photo or fluorescence; repeat it for several. NAME=MODEL names
        the model. [default: photo]
    host
        The address to listen at: 127.0.0.1 serves this machine alone, 0.0.0.0 all.
    port
        The port; 0 takes a free one.
    token_file
        A file with a secret word that requests must send as Authorization: Bearer.
    without_token
        Serve everybody who can reach the address.
    max_bytes
        Size of a request at most.
    max_pixels
        Pixels of all images of a file together at most, by its header.
    queue
        Requests that may wait; further ones get status 503.
    seconds
        Time that a request may take to arrive, and may wait for its turn.
    workers
        Requests that are processed at once. [default: one for each core]
    root_path
        Behind a proxy: the path of this server, such as /denoise.
    allow_host
        Behind a proxy: another name of this server; repeat it for several.
    quiet
        Do not print the address.
    """
    from unnoise.api.sharing import load_models
    from unnoise.devices import usable_cores
    from unnoise.errors import ConfigError
    from unnoise.server import ServerSettings, check_access, check_token
    from unnoise.server import serve as run

    token = None
    if token_file is not None:
        try:
            token = check_token(token_file.read_text(encoding="utf-8"), name=str(token_file))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the token in {token_file}: {error}") from error
    settings = ServerSettings(
        host=host,
        port=port,
        token=token,
        max_bytes=max_bytes,
        max_pixels=max_pixels,
        queue=queue,
        seconds=seconds,
        workers=usable_cores() if workers is None else workers,
        root_path=root_path,
        allow_hosts=tuple(allow_host or ()),
    )
    check_access(settings, without_token=without_token)
    run(load_models(model or ["photo"], running=running), settings, say=speaker(quiet=quiet))
