"""The HTTP interface: what is given back, what is refused, and that it ends well."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from servers import Server, started
from unnoise.cli import main
from unnoise.images import read_stack, write_stack

RANDOM = np.random.default_rng(0)
PNG, JPEG, WEBP, TIFF = "image/png", "image/jpeg", "image/webp", "image/tiff"
SUFFIXES = {PNG: "png", JPEG: "jpg", WEBP: "webp", TIFF: "tif"}
Headers = Mapping[str, str]


def ask(
    server: Server, path: str, body: bytes | None = None, headers: Headers | None = None
) -> tuple[HTTPResponse, bytes]:
    """Send a request; a body makes it a POST."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def detail(data: bytes) -> str:
    found: str = json.loads(data)["detail"]
    return found


def form(name: str, data: bytes, *, boundary: str = "xyz") -> tuple[bytes, Headers]:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="../../a.png"'
    body = f"{head}\r\nContent-Type: image/png\r\n\r\n".encode() + data
    return (
        body + f"\r\n--{boundary}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def test_the_result_is_what_the_command_line_writes(
    server: Server, sample_photo: Path, denoised_photo: bytes
) -> None:
    data = sample_photo.read_bytes()
    response, found = ask(server, "/v1/denoise", data)
    assert (response.status, response.getheader("Content-Type")) == (200, PNG)
    assert found == denoised_photo
    assert response.getheader("Unnoise-Model") == "photo"
    assert response.getheader("Unnoise-Verdict") == "trust"
    assert json.loads(response.getheader("Unnoise-Reasons", "")) == []
    assert ask(server, "/v1/denoise", *form("image", data))[1] == denoised_photo
    assert ask(server, "/v1/denoise?model=photo&strength=1", data)[1] == denoised_photo


def test_how_the_model_is_applied_is_that_of_the_command_line(
    server: Server, sample_photo: Path, tmp_path: Path
) -> None:
    options = ("--chroma-strength", "0.5", "--detail", "0.8", "--hot-pixels", "--quiet")
    command = [sys.executable, "-m", "unnoise", "denoise", str(sample_photo), *options]
    subprocess.run([*command, "--out", str(tmp_path)], check=True)
    query = "chroma_strength=0.5&detail=0.8&hot_pixels=true"
    response, found = ask(server, f"/v1/denoise?{query}", sample_photo.read_bytes())
    assert found == (tmp_path / sample_photo.name).read_bytes()
    assert "hot or dead pixel" in json.loads(response.getheader("Unnoise-Notes", ""))[-1]
    response, _ = ask(server, f"/v1/denoise?{query}&display=true", sample_photo.read_bytes())
    assert "hot or dead pixel" in json.loads(response.getheader("Unnoise-Notes", ""))[-1]


@pytest.mark.parametrize("wanted", [PNG, JPEG, WEBP, TIFF])
@pytest.mark.parametrize("sent", [PNG, JPEG, WEBP, TIFF])
def test_formats_come_back_or_are_changed(
    server: Server, sample_photo: Path, tmp_path: Path, sent: str, wanted: str
) -> None:
    image = read_stack(sample_photo)[0][0]
    path = tmp_path / f"sent.{SUFFIXES[sent]}"
    write_stack(path, image)
    response, data = ask(server, "/v1/denoise?strength=0", path.read_bytes(), {"Accept": wanted})
    assert (response.status, response.getheader("Content-Type")) == (200, wanted)
    back = tmp_path / f"back.{SUFFIXES[wanted]}"
    back.write_bytes(data)
    found = read_stack(back)[0][0]
    lossy = JPEG in (sent, wanted)
    assert np.abs(found.astype(int) - image).mean() < (4 if lossy else 1e-9)


def test_deep_and_grey_images(server: Server, tmp_path: Path) -> None:
    for suffix, kind in (("png", PNG), ("tif", TIFF)):
        path = tmp_path / f"deep.{suffix}"
        write_stack(path, RANDOM.integers(0, 2**16, (30, 40), np.uint16))
        response, data = ask(server, "/v1/denoise", path.read_bytes())
        (tmp_path / f"back.{suffix}").write_bytes(data)
        assert response.getheader("Content-Type") == kind
        assert read_stack(tmp_path / f"back.{suffix}")[0].dtype == np.uint16
        response, data = ask(server, "/v1/denoise", path.read_bytes(), {"Accept": JPEG})
        (tmp_path / "back.jpg").write_bytes(data)
        assert read_stack(tmp_path / "back.jpg")[0].dtype == np.uint8
    path = tmp_path / "floats.tif"
    write_stack(path, RANDOM.random((30, 40), np.float32))
    assert ask(server, "/v1/denoise", path.read_bytes(), {"Accept": PNG})[0].status == 200


def test_inspection_is_that_of_the_command_line(
    server: Server, sample_photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    response, data = ask(server, "/v1/inspect?maps=true", sample_photo.read_bytes())
    assert response.status == 200
    found = json.loads(data)
    with pytest.raises(SystemExit):
        main(["inspect", "photo", str(sample_photo), "--json"])
    (known,) = json.loads(capsys.readouterr().out)
    for name in ("verdict", "familiarity", "psnr", "removed_structure", "reasons"):
        assert found[name] == known[name]
    assert (found["width"], found["height"]) == (160, 120)
    assert set(found["maps"]) == {"removed", "structure", "error", "width"}
    assert found["maps"]["removed"]["low"] == -found["maps"]["removed"]["high"]
    assert "maps" not in json.loads(ask(server, "/v1/inspect", sample_photo.read_bytes())[1])


def test_what_is_served_is_told(server: Server) -> None:
    response, data = ask(server, "/v1/models")
    models = json.loads(data)
    assert [model["name"] for model in models["models"]] == ["photo"]
    assert models["models"][0]["default"] is True
    assert models["limits"] == {"bytes": 2_000_000, "pixels": 4_000_000}
    assert json.loads(ask(server, "/healthz")[1]) == {"status": "ok"}
    response, data = ask(server, "/metrics")
    assert response.getheader("Content-Type", "").startswith("text/plain")
    assert b'unnoise_requests_total{route="/healthz",status="200"}' in data
    for path in ("/", "/docs", "/examples/index.json"):
        response, data = ask(server, path)
        assert response.status == 200
        assert "default-src 'self'" in response.getheader("Content-Security-Policy", "")
        assert b"//cdn" not in data
    for example in json.loads(ask(server, "/examples/index.json")[1]):
        assert ask(server, f"/examples/{example['file']}")[0].status == 200


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "message"),
    [
        ("/v1/denoise", b"", {}, 400, "the body is empty"),
        ("/v1/denoise", b"hello world, this is text", {}, 415, "not a PNG, JPEG, WebP or TIFF"),
        ("/v1/denoise", b"\x89PNG\r\n\x1a\n" + bytes(50), {}, 422, "cannot read image.png"),
        ("/v1/denoise", bytes(2_000_001), {}, 413, "more than 2,000,000 bytes"),
        ("/v1/denoise?strength=2", b"x", {}, 422, "strength"),
        ("/v1/denoise?strength=nan", b"x", {}, 422, "strength"),
        ("/v1/denoise?chroma_strength=-1", b"x", {}, 422, "chroma_strength"),
        ("/v1/denoise?detail=1.5", b"x", {}, 422, "detail"),
        ("/v1/denoise?model=/etc/passwd", b"x", {}, 404, "choose one of photo"),
        ("/v1/denoise", b"x", {"Accept": "text/html"}, 406, "results can be image/png"),
        ("/v1/denoise", *form("other", b"x"), 400, "no file called 'image'"),
        ("/v1/denoise", form("image", b"x")[0][:60], form("image", b"")[1], 400, "no file called"),
        ("/v1/denoise", b"x", {"Content-Type": "multipart/form-data"}, 400, "boundary"),
        ("/v1/inspect?maps=perhaps", b"x", {}, 422, "maps"),
        ("/v1/denoise?strenght=1", b"x", {}, 422, "unknown parameters 'strenght'"),
        ("/v1/inspect?strength=1", b"x", {}, 422, "the known are model, maps, index"),
        ("/healthz", b"x", {}, 405, "Method Not Allowed"),
        ("/v1/other", b"x", {}, 404, "Not Found"),
        ("/page/..%2f..%2fapp.py", None, {}, 404, "Not Found"),
    ],
)
def test_what_is_refused(
    server: Server, path: str, body: bytes | None, headers: Headers, status: int, message: str
) -> None:
    response, data = ask(server, path, body, headers)
    assert response.status == status
    assert message in detail(data)
    assert "/tmp" not in detail(data)  # noqa: S108  where files of requests lie


def test_an_image_of_too_many_pixels_is_refused_by_its_header(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "large.png"
    write_stack(path, np.zeros((2100, 2000), np.uint8))
    response, data = ask(server, "/v1/denoise", path.read_bytes())
    assert response.status == 413
    assert detail(data).startswith("the image has 4,200,000 pixels")


def test_another_name_for_this_machine_is_refused(server: Server) -> None:
    assert ask(server, "/healthz", headers={"Host": "evil.example"})[0].status == 400


def raw(server: Server, data: bytes) -> socket.socket:
    address = urlsplit(server.url)
    assert address.port is not None
    connection = socket.create_connection((address.hostname or "", address.port), timeout=20)
    connection.sendall(data)
    return connection


def test_a_slow_body_is_cut_off_and_holds_nobody(server: Server, sample_photo: Path) -> None:
    head = b"POST /v1/denoise HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    with raw(server, head) as slow:
        begun = time.monotonic()
        assert ask(server, "/v1/denoise", sample_photo.read_bytes())[0].status == 200
        assert time.monotonic() - begun < 3
        answer = slow.recv(1000)
    assert b" 408 " in answer.splitlines()[0]


def test_a_body_without_an_end_is_cut_off(server: Server) -> None:
    head = b"POST /v1/denoise HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n" % 100_000 + bytes(100_000) + b"\r\n"
    with raw(server, head) as endless:
        try:
            for _ in range(40):
                endless.sendall(chunk)
        except OSError:
            pass  # it is closed
        assert b" 413 " in endless.recv(1000).splitlines()[0]


def test_beyond_the_queue_there_is_503_and_what_has_begun_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    write_stack(path, RANDOM.integers(0, 256, (700, 700, 3), np.uint8))
    data, found = path.read_bytes(), list[HTTPResponse]()
    with started("--workers", 1, "--queue", 1) as server:

        def one() -> None:
            found.append(ask(server, "/v1/denoise", data)[0])

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        while not found:  # an answer: the others wait or are at work
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert server.process.wait(30) == 0
    statuses = [response.status for response in found]
    assert set(statuses) == {200, 503}
    assert 1 <= statuses.count(200) <= 2
    busy = next(response for response in found if response.status == 503)
    assert int(busy.getheader("Retry-After", "")) >= 1


def test_a_server_that_is_ended_as_it_says_its_address_ends_regularly() -> None:
    with started() as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0


def test_a_token_is_wanted_and_hidden(tmp_path: Path, sample_photo: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("a-secret-of-many-letters\n")
    with started("--token-file", secret) as server:
        for path in ("/", "/healthz", "/examples/index.json"):
            assert ask(server, path)[0].status == 200
        for headers in ({}, {"Authorization": "Bearer a-secret"}, {"Authorization": "Bearer é"}):
            response, data = ask(server, "/v1/models", headers=headers)
            assert (response.status, response.getheader("WWW-Authenticate")) == (401, "Bearer")
            assert "needs a token" in detail(data)
            assert ask(server, "/v1/denoise", b"x", headers)[0].status == 401
        good = {"Authorization": "Bearer a-secret-of-many-letters"}
        assert ask(server, "/v1/denoise", sample_photo.read_bytes(), good)[0].status == 200


def test_settings_that_cannot_be_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: Server
) -> None:
    short = tmp_path / "short"
    short.write_text("secret")
    port = urlsplit(server.url).port
    for arguments, message in (
        (("--host", "0.0.0.0"), "other machines can reach 0.0.0.0"),  # noqa: S104  the point
        (("--token-file", short), "holds no token"),
        (("--token-file", tmp_path / "none"), "cannot read the token"),
        (("--port", 70_000), "port is 70000"),
        (("--workers", 0), "workers is 0"),
        (("--root-path", "denoise/"), "root_path is 'denoise/'"),
        (("--allow-host", "https://lab.example"), "names without scheme, port and path"),
        (("--allow-host", "lab.example:443"), "names without scheme, port and path"),
        (("--port", port), "cannot listen at"),
        (("--model", "photo", "--model", "photo"), "two models are called photo"),
        (("--model", tmp_path / "none.onnx"), "there is no model file"),
    ):
        with pytest.raises(SystemExit) as caught:
            main(["serve", *map(str, arguments)])
        assert caught.value.code == 2
        printed = capsys.readouterr().err
        assert message in printed
        assert printed.count("\n") == 1
