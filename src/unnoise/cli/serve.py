"""``unnoise serve``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unnoise.cli.console import speaker, verb_app
from unnoise.denoiser.running import Running

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
    running: Annotated[Running, Parameter(name="*")] = Running(),  # noqa: B008  frozen
    quiet: bool = False,
) -> None:
    """Serve models over HTTP, with a web page at / and the description of its API at /docs.

    SIGTERM and Ctrl-C end it after the requests that have begun.

    Parameters
    ----------
    model
        A model file, a run folder, photo or fluorescence; repeat it for several. NAME= before it
        gives it a name. [default: photo]
    host
        The address to listen at. 127.0.0.1 is for this machine alone, 0.0.0.0 for all.
    port
        The port; 0 takes one that is free.
    token_file
        A file with a secret word that requests must bring as Authorization: Bearer.
    without_token
        Serve everybody who can reach the address.
    max_bytes
        Of a request.
    max_pixels
        Of the images of a file together, told from its header.
    queue
        Requests that may wait; more are answered with 503.
    seconds
        That a request may take to arrive, and may wait for its turn.
    workers
        Requests at work at once. [default: one for each core]
    root_path
        Behind a proxy: the path under which it has this server, such as /denoise.
    allow_host
        Behind a proxy: a further name of this server; repeat it for several.
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
