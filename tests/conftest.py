"""What several tests share."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.server import (
    BaseHTTPRequestHandler,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from unnoise import Denoiser
from unnoise.api.training import train
from unnoise.images import read_stack, write_stack

if TYPE_CHECKING:
    from servers import Server

# A slow machine is no failure.
settings.register_profile("unnoise", deadline=None)
settings.load_profile("unnoise")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real images, or skip."""
    folder = os.environ.get("UNNOISE_DATA") or str(Path(__file__).parents[2] / "shared/data")
    if not Path(folder).is_dir():
        pytest.skip("no real images here: set UNNOISE_DATA to a folder with mnist/ in it")
    return Path(folder)


@pytest.fixture(scope="session")
def squares() -> NDArray[np.uint8]:
    """Return 40 images 12 × 12 of a bright square on black."""
    images = np.zeros((40, 12, 12), np.uint8)
    for i, image in enumerate(images):
        image[i % 5 : i % 5 + 6, i % 4 : i % 4 + 6] = 255
    return images


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of a few seconds on digits."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    train("digits", steps=60, batch_size=16, out=folder)
    return folder


@pytest.fixture(scope="session")
def denoiser(run: Path) -> Denoiser:
    """Return the denoiser of that run."""
    return Denoiser.load(run)


@pytest.fixture(scope="session")
def server() -> Iterator["Server"]:
    """Return a server with photo and narrow limits."""
    from servers import started  # only tests beside it use this fixture

    with started("--max-bytes", 2_000_000, "--max-pixels", 4_000_000, "--seconds", 3) as found:
        yield found


@pytest.fixture(scope="session")
def sample_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small noisy photo."""
    from unnoise.server.app import EXAMPLES

    path = tmp_path_factory.mktemp("photo") / "cup.png"
    write_stack(path, read_stack(EXAMPLES / "coffee.webp")[0][0, 60:180, 80:240])
    return path


@pytest.fixture(scope="session")
def denoised_photo(sample_photo: Path) -> bytes:
    """Return what the command line makes of it."""
    command = [sys.executable, "-m", "unnoise", "denoise", str(sample_photo), "--quiet"]
    subprocess.run(command, check=True)
    return sample_photo.with_name("cup_denoised.png").read_bytes()


class _Ranges(SimpleHTTPRequestHandler):
    """Serves the files of a folder and, as http.server does not, parts of them."""

    def do_GET(self) -> None:
        path, asked = Path(self.translate_path(self.path)), self.headers.get("Range")
        if asked is None or not path.is_file():
            super().do_GET()
            return
        data = path.read_bytes()
        first, _, last = asked.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last or len(data)) + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def end_headers(self) -> None:
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Serve = Callable[[Callable[..., BaseHTTPRequestHandler]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a web server that answers by a handler, and return its URL."""
    with ExitStack() as stack:

        def start(handler: Callable[..., BaseHTTPRequestHandler]) -> str:
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


@pytest.fixture
def web(serve: Serve, tmp_path: Path) -> str:
    """The URL of a server of what lies in the folder of the test."""
    return serve(partial(_Ranges, directory=str(tmp_path)))
