"""Results in another format, for the eye, of one image of a stack; and behind a proxy."""

import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from fastapi.testclient import TestClient
from PIL import Image

import unnoise
from unnoise.images import write_stack
from unnoise.server.app import make_app
from unnoise.server.pictures import Served
from unnoise.server.settings import ServerSettings

TOKEN = "of-many-letters-and-secret"  # noqa: S105  of a test
JPEG = "image/jpeg"
RANDOM = np.random.default_rng(0)
P3 = bytes(pyvips.Image.profile_load("p3"))
COLOURS = np.zeros((48, 64, 3), np.uint8) + np.array([200, 60, 60], np.uint8)
COLOURS[:24, :32] = 90, 160, 40  # the upper left corner, as it is stored


def client(**settings: object) -> TestClient:
    photo = Served.of("photo", unnoise.load("photo", device="cpu", precision="fp32"))
    made = make_app([photo], ServerSettings(**settings))  # type: ignore[arg-type]  # of several types
    return TestClient(made, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def server() -> Iterator[TestClient]:
    with client() as made:
        yield made


def jpeg(**options: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(COLOURS).save(data, "JPEG", quality=95, **options)
    return data.getvalue()


def tiff(array: np.ndarray, **options: object) -> bytes:
    data = io.BytesIO()
    tifffile.imwrite(data, array, **options)  # type: ignore[arg-type]  # its stub
    return data.getvalue()


def sixteen_bits() -> bytes:
    deep = pyvips.Image.new_from_array(COLOURS.astype(np.uint16) * 257)
    return bytes(deep.copy(interpretation="rgb16").write_to_buffer(".png"))


@pytest.mark.parametrize("kind", ["image/png", "image/webp", "image/tiff"])
def test_another_format_is_upright_in_the_same_colours(server: TestClient, kind: str) -> None:
    exif = Image.Exif()
    exif[274] = 6  # to be turned to the right
    answer = server.post(
        "/v1/denoise", content=jpeg(icc_profile=P3, exif=exif), headers={"Accept": kind}
    )
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.content)) as found:
        assert found.size == (48, 64)
        assert found.getexif().get(274, 1) == 1
        assert found.info["icc_profile"] == P3
        corner = np.asarray(found.convert("RGB"))[8, 36]  # it has come to the upper right
    np.testing.assert_allclose(corner, [90, 160, 40], atol=14)
    lost = json.loads(answer.headers.get("Unnoise-Lost", "[]"))
    assert lost == (["EXIF"] if kind == "image/tiff" else [])


def test_twelve_bits_fill_the_format_they_go_to(server: TestClient) -> None:
    rows = np.linspace(100, 4000, 64) + np.zeros((64, 1))
    data = tiff(rows.astype(np.uint16))
    for kind, dtype, white in (("image/png", np.uint16, 65535), ("image/jpeg", np.uint8, 255)):
        answer = server.post("/v1/denoise", content=data, headers={"Accept": kind})
        with Image.open(io.BytesIO(answer.content)) as found:
            values = np.asarray(found)
        assert values.dtype == dtype
        np.testing.assert_allclose(values / white, rows / 4095, atol=0.02)
        assert ("16 bits a sample" in answer.headers.get("Unnoise-Lost", "")) == (dtype == np.uint8)


def test_transparency_that_a_format_lacks_is_named(server: TestClient, tmp_path: Path) -> None:
    write_stack(tmp_path / "a.png", np.dstack([COLOURS, np.full((48, 64), 200, np.uint8)]))
    data = (tmp_path / "a.png").read_bytes()
    answer = server.post("/v1/denoise", content=data, headers={"Accept": "image/jpeg"})
    assert json.loads(answer.headers["Unnoise-Lost"]) == ["lossless compression", "transparency"]
    answer = server.post("/v1/denoise", content=data, headers={"Accept": "image/webp"})
    assert "Unnoise-Lost" not in answer.headers


def test_times_are_shown_in_one_contrast_and_named(server: TestClient) -> None:
    stack = RANDOM.integers(0, 99, (6, 40, 50)) + 300 * np.arange(1, 7)[:, None, None]
    data = tiff(
        stack.reshape(3, 2, 40, 50).astype(np.uint16), imagej=True, metadata={"axes": "TZYX"}
    )
    found = []
    for index in range(6):
        answer = server.post(f"/v1/denoise?display=true&index={index}", content=data)
        assert json.loads(answer.headers["Unnoise-Stack"]) == {"T": 3, "Z": 2}
        with Image.open(io.BytesIO(answer.content)) as shown:
            found.append(np.asarray(shown).mean())
    assert (np.diff(found) > 25).all()


def test_one_image_of_a_stack_for_the_eye(server: TestClient) -> None:
    stack = np.stack([np.full((40, 50), 300 * k) for k in (1, 2, 3)]).astype(np.uint16)
    stack = (stack + RANDOM.integers(0, 99, stack.shape)).astype(np.uint16)
    data = tiff(stack, photometric="minisblack")
    answer = server.post("/v1/denoise?display=true&index=1", content=data)
    assert answer.headers["Unnoise-Images"] == "3"
    assert answer.headers["Content-Type"] == "image/png"
    (shown,) = json.loads(answer.headers["Unnoise-Shown"])
    _, low, _, high, *_ = shown.split()
    assert 600 <= float(low) < float(high) <= 700
    with Image.open(io.BytesIO(answer.content)) as found:
        assert (found.mode, found.size) == ("L", (50, 40))
        assert 80 < np.asarray(found).mean() < 180
    whole = server.post("/v1/denoise", content=data)
    assert tifffile.imread(io.BytesIO(whole.content)).shape == (3, 40, 50)
    assert server.post("/v1/denoise?index=3", content=data).status_code == 422
    assert server.post("/v1/inspect?index=2", content=data).status_code == 200
    refused = server.post("/v1/denoise", content=data, headers={"Accept": "image/png"})
    assert refused.status_code == 406
    assert "one image with index" in refused.json()["detail"]
    accept = {"Accept": "image/png, image/tiff;q=0.1"}  # the second best holds it
    assert server.post("/v1/denoise", content=data, headers=accept).content == whole.content


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32])
def test_one_image_in_the_format_that_was_sent_keeps_its_values(
    server: TestClient, dtype: type[np.generic]
) -> None:
    stack = RANDOM.integers(1000, 1200, (2, 40, 50)).astype(dtype)
    data = tiff(stack, photometric="minisblack")
    answer = server.post("/v1/denoise?strength=0&index=1", content=data)
    found = tifffile.imread(io.BytesIO(answer.content))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, stack[1])


def test_colours_of_sixteen_bits_stay_what_they_are(server: TestClient) -> None:
    """Scaled by the range that they use, as measurements are, they would be other colours."""
    for data in (tiff(COLOURS.astype(np.uint16) * 257, photometric="rgb"), sixteen_bits()):
        for query in ("?display=true&strength=0", "?strength=0"):
            answer = server.post(f"/v1/denoise{query}", content=data, headers={"Accept": JPEG})
            with Image.open(io.BytesIO(answer.content)) as found:
                np.testing.assert_allclose(np.asarray(found)[40, 50], COLOURS[40, 50], atol=3)
            assert "Unnoise-Shown" not in answer.headers


def test_channels_that_are_no_colours_come_one_by_one(server: TestClient) -> None:
    rows = np.linspace(0, 1, 64) + np.zeros((40, 1))
    levels = np.stack([rows * 900 + 50, rows[:, ::-1] * 300 + 20, rows * 60000])
    data = tiff(levels.astype(np.uint16), imagej=True, metadata={"axes": "CYX"})
    refused = server.post("/v1/denoise", content=data, headers={"Accept": "image/png"})
    assert refused.status_code == 406
    assert "3 channels that are not colours" in refused.json()["detail"]
    for channel, query in enumerate(("", "&channel=1", "&channel=2")):
        answer = server.post(f"/v1/denoise?display=true{query}", content=data)
        assert answer.headers["Unnoise-Channels"] == "3"
        assert json.loads(answer.headers["Unnoise-Shown"])[0] == f"channel {channel + 1} of 3"
        with Image.open(io.BytesIO(answer.content)) as found:
            assert found.mode == "L"
            rising = np.asarray(found).astype(int)
        assert (rising[20, 60] > rising[20, 4] + 150) == (channel != 1)
    answer = server.post("/v1/denoise?channel=1", content=data, headers={"Accept": "image/png"})
    with Image.open(io.BytesIO(answer.content)) as found:
        assert np.asarray(found)[20, 4] > np.asarray(found)[20, 60] + 30_000
    assert server.post("/v1/denoise?channel=3", content=data).status_code == 422
    assert tifffile.imread(io.BytesIO(server.post("/v1/denoise", content=data).content)).shape == (
        (3, 40, 64)
    )


@pytest.mark.parametrize("kind", ["float", "short", "uchar"])
def test_cielab_becomes_colours(server: TestClient, tmp_path: Path, kind: str) -> None:
    """libvips and Photoshop store it as floats, as 16 or as 8 bits, of which a and b are signed."""
    lab = pyvips.Image.new_from_array(COLOURS).copy(interpretation="srgb").colourspace("lab")
    if kind == "uchar":
        whole = lab.numpy() * [2.55, 1, 1]
        data = tiff(np.rint(whole).astype(np.int16).astype(np.uint8), photometric="cielab")
    else:
        (lab if kind == "float" else lab.colourspace("labs")).write_to_file(tmp_path / "a.tif")
        data = (tmp_path / "a.tif").read_bytes()
    for query, accept in (("&display=true", "*/*"), ("", "image/png"), ("", JPEG)):
        url = f"/v1/denoise?strength=0{query}"
        answer = server.post(url, content=data, headers={"Accept": accept})
        found = pyvips.Image.new_from_buffer(answer.content, "").colourspace("srgb").numpy()
        np.testing.assert_allclose(found[40, 50], COLOURS[40, 50], atol=6)
        np.testing.assert_allclose(found[8, 8], COLOURS[8, 8], atol=14)
        said = answer.headers["Unnoise-Shown" if query else "Unnoise-Notes"]
        assert "CIELAB as sRGB colours" in said


def test_what_the_values_of_a_png_mean_is_shown(server: TestClient) -> None:
    """A browser follows these chunks before; without them after, colours would differ."""
    data = io.BytesIO()
    Image.fromarray(COLOURS).save(data, "PNG")
    gamma = struct.pack(">I", 100_000)  # linear
    chunk = struct.pack(">I", 4) + b"gAMA" + gamma + struct.pack(">I", zlib.crc32(b"gAMA" + gamma))
    sent = data.getvalue()[:33] + chunk + data.getvalue()[33:]
    answer = server.post("/v1/denoise?display=true", content=sent)
    assert chunk in answer.content
    answer = server.post("/v1/denoise", content=sent, headers={"Accept": "image/webp"})
    assert json.loads(answer.headers["Unnoise-Lost"]) == ["gamma (gAMA)"]


def test_a_picture_of_eight_bits_is_not_stretched(server: TestClient) -> None:
    answer = server.post("/v1/denoise?display=true", content=jpeg())
    assert "Unnoise-Shown" not in answer.headers


@pytest.mark.parametrize("suffix", ["JPEG", "TIFF"])
def test_inks_come_as_colours_or_stay_inks(server: TestClient, suffix: str) -> None:
    data = io.BytesIO()
    Image.fromarray(COLOURS).convert("CMYK").save(data, suffix, quality=95)
    answer = server.post("/v1/denoise", content=data.getvalue())
    with Image.open(io.BytesIO(answer.content)) as found:
        assert found.mode == "CMYK"
    assert "4 channels are denoised one by one" in answer.headers["Unnoise-Notes"]
    answer = server.post("/v1/denoise?display=true", content=data.getvalue())
    assert json.loads(answer.headers["Unnoise-Shown"]) == ["inks as sRGB colours"]
    with Image.open(io.BytesIO(answer.content)) as found:
        assert found.mode == "RGB"
        red, green, _ = np.asarray(found)[40, 50]
    assert red > green + 60


def test_a_failure_is_counted_and_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("unnoise.server.app.denoise", fail)
    with client() as made:
        answer = made.post("/v1/denoise", content=jpeg())
        assert answer.status_code == 500
        assert answer.json() == {"detail": "the server failed: its log has the reason"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        counted = made.get("/metrics").text
    assert 'unnoise_requests_total{route="/v1/denoise",status="500"} 1.0' in counted


def test_another_name_says_how_to_allow_it() -> None:
    with client(allow_hosts=("denoise.lab.example",)) as made:
        assert made.get("/healthz", headers={"Host": "Denoise.lab.example:80"}).status_code == 200
        refused = made.get("/healthz", headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert refused.json()["detail"].endswith("start it with --allow-host evil.example")
    assert refused.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("prefix", ["", "/denoise"])  # a proxy may strip the path or not
def test_behind_a_proxy_under_a_path(prefix: str) -> None:
    with client(root_path="/denoise", token=TOKEN) as made:
        page = made.get(f"{prefix}/")
        assert page.status_code == 200
        assert 'src="/' not in page.text
        assert 'href="/' not in page.text
        assert made.get(f"{prefix}/page/app.js").status_code == 200
        assert made.get(f"{prefix}/v1/models").status_code == 401
        allowed = {"Authorization": f"Bearer {TOKEN}"}
        assert made.get(f"{prefix}/v1/models", headers=allowed).status_code == 200
        assert made.get("/denoise").url.path == "/denoise/"  # from where addresses are relative
        docs = made.get(f"{prefix}/docs", headers=allowed)
        assert "/denoise/openapi.json" in docs.text
