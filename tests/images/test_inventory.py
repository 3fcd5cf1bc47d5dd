"""Nothing is lost without a word: every item of every format is kept, or named."""

import io
import struct
import zlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from unnoise.errors import ImageError
from unnoise.images import open_image, write_like
from unnoise.images.encoding import save_options
from unnoise.images.inventory import LOSSLESS, THUMBNAIL, format_of, inventory, png_chunks

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 255, (40, 50, 3), np.uint8)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def exif(*, thumbnail: bool) -> bytes:
    """Return EXIF data with an orientation, and a second directory with a thumbnail."""
    picture = io.BytesIO()
    Image.fromarray(PIXELS[:8, :8]).save(picture, "JPEG")
    small = picture.getvalue()
    second = 8 + 2 + 12 + 4
    first = struct.pack("<HHHIII", 1, 274, 3, 1, 6, second if thumbnail else 0)
    place = second + 2 + 36 + 4
    entries = ((259, 3, 6), (513, 4, place), (514, 4, len(small)))
    rest = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", c, t, 1, v) for c, t, v in entries)
    tail = rest + struct.pack("<I", 0) + small if thumbnail else b""
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + tail


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


CHUNKS = {
    "gamma (gAMA)": chunk(b"gAMA", struct.pack(">I", 100000)),
    "primaries (cHRM)": chunk(b"cHRM", struct.pack(">8I", *range(31270, 31278))),
    "colour space (cICP)": chunk(b"cICP", b"\x09\x10\x00\x01"),
    "light levels (cLLI)": chunk(b"cLLI", struct.pack(">2I", 10000, 4000)),
    "sRGB intent": chunk(b"sRGB", b"\0"),
    "significant bits (sBIT)": chunk(b"sBIT", b"\x05\x05\x05"),
    "text Author": chunk(b"tEXt", b"Author\0somebody"),
    "date (tIME)": chunk(b"tIME", struct.pack(">HBBBBB", 2020, 1, 2, 3, 4, 5)),
    "background": chunk(b"bKGD", bytes(6)),
    "chunk prVt": chunk(b"prVt", b"anything"),
}
COLOURS = {"gamma (gAMA)", "primaries (cHRM)", "colour space (cICP)", "light levels (cLLI)"}


def again(path: Path) -> tuple[Path, set[str]]:
    """Write a file like ``path``, and return it and what was said not to be kept."""
    target = path.with_name(f"out{path.suffix}")
    with open_image(path) as reader:
        images = ([reader.image(index)] for index in range(reader.count))
        lost = write_like(target, reader, images, overwrite=True)
    return target, set(lost)


def check(path: Path, items: set[str]) -> set[str]:
    """Check that each item is there, and then either kept or named; return the named ones."""
    assert items <= inventory(path)
    target, lost = again(path)
    assert inventory(path) - inventory(target) == lost
    return lost


@pytest.mark.parametrize("count", [0, 1, 2, len(CHUNKS)])
def test_png_with_every_combination(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(PIXELS).save(path)
    plain = path.read_bytes()
    for names in combinations(CHUNKS, count):
        path.write_bytes(plain[:33] + b"".join(CHUNKS[name] for name in names) + plain[33:])
        lost = check(path, set(names))
        assert not lost & COLOURS
        target = path.with_name("out.png")
        with target.open("rb") as one, path.open("rb") as other:
            ours, theirs = ({n: f.read(s) for n, s in png_chunks(f)} for f in (one, other))
        for name in (b"gAMA", b"cHRM", b"cICP", b"cLLI"):
            assert ours.get(name) == theirs.get(name)
        with Image.open(target) as found:
            np.testing.assert_array_equal(np.asarray(found), PIXELS)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("icc", [False, True])
@pytest.mark.parametrize("data", [None, False, True])
@pytest.mark.parametrize("xmp", [False, True])
def test_pictures_with_every_combination(
    tmp_path: Path, suffix: str, icc: bool, data: bool | None, xmp: bool
) -> None:
    options: dict[str, bytes] = {"icc_profile": ICC} if icc else {}
    if data is not None:
        options["exif"] = exif(thumbnail=data)
    if xmp and suffix != ".png":
        options["xmp"] = XMP
    path = tmp_path / f"a{suffix}"
    Image.fromarray(PIXELS).save(path, **options)  # type: ignore[arg-type]  # its stub
    items = {"ICC profile"} if icc else set()
    items |= {"EXIF"} if data is not None else set()
    items |= {THUMBNAIL} if data else set()
    # A thumbnail would show the noise.
    assert check(path, items) == ({THUMBNAIL} if data else set())
    with Image.open(tmp_path / f"out{suffix}") as found:
        assert (found.info.get("icc_profile") == ICC) == icc
        assert found.getexif().get(274, 1) == (1 if data is None else 6)


def test_what_a_jpeg_has_beside_its_picture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(PIXELS).save(path, comment=b"a comment")
    data = path.read_bytes()
    gain = b'<rdf hdrgm:Version="1.0"/>'
    extra = b""
    for marker, content in ((0xE2, b"MPF\0" + bytes(20)), (0xEB, gain), (0xED, b"Photoshop 3.0\0")):
        extra += struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
    path.write_bytes(data[:2] + extra + data[2:])
    lost = check(path, {"comment", "gain map", "further pictures (MPF), such as a gain map"})
    assert {"further pictures (MPF), such as a gain map", "gain map", "comment"} <= lost


def test_what_would_show_the_noise_or_speak_of_what_is_not_there_is_dropped(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(PIXELS).save(path)
    plain = path.read_bytes()
    claim = b"http://ns.adobe.com/xap/1.0/\0" + XMP.replace(b"/>", b' hdrgm:Version="1.0"/>')
    name = struct.pack(">4sHBB", b"8BIM", 1028, 0, 0) + struct.pack(">I", 4) + b"IPTC"
    small = struct.pack(">4sHBB", b"8BIM", 1036, 0, 0) + struct.pack(">I", 5) + b"small\0"
    extra = b""
    for marker, data in ((0xE1, claim), (0xED, b"Photoshop 3.0\0" + small + name)):
        extra += struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data
    path.write_bytes(plain[:2] + extra + plain[2:] + plain)
    behind = "data behind the picture, such as a gain map or a film"
    named = {"gain map", "XMP", "Photoshop thumbnail", behind}
    assert check(path, named | {"IPTC"}) == named
    written = (tmp_path / "out.jpg").read_bytes()
    assert name in written
    assert small not in written
    assert b"hdrgm" not in written


def test_the_order_of_rows_and_colours_that_nobody_sees_are_kept(tmp_path: Path) -> None:
    picture = Image.fromarray(PIXELS)
    picture.save(tmp_path / "a.jpg", progressive=True)
    assert again(tmp_path / "a.jpg")[1] == set()
    with Image.open(tmp_path / "out.jpg") as made:
        assert made.info["progressive"]
    clear = np.dstack([PIXELS, np.repeat(np.array([0, 255], np.uint8), 20)[:, None].repeat(50, 1)])
    Image.fromarray(clear).save(tmp_path / "a.webp", quality=80, exact=True)
    again(tmp_path / "a.webp")
    with open_image(tmp_path / "a.webp") as source, open_image(tmp_path / "out.webp") as made:
        ours, theirs = (each.image(0)[..., :3].astype(float) for each in (source, made))
    difference = np.abs(ours - theirs)
    assert difference[:20].mean() < 2 * difference[20:].mean()


def test_what_is_only_on_later_pages_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for number in range(3):
            writer.write(PIXELS, description=f"page {number}", metadata=None, contiguous=False)
    assert check(path, {"tags of later pages"}) == {"tags of later pages"}
    with tifffile.TiffWriter(path) as writer:
        writer.write(PIXELS, metadata=None, photometric="rgb")
        writer.write(PIXELS[::2, ::2], metadata=None, photometric="rgb", subfiletype=1)
    assert "smaller copies (later pages)" in check(path, set())


def test_labels_of_a_zarr_are_named(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    for level in (0, 1):
        group.create_array(str(level), data=PIXELS[:: level + 1, :: level + 1, 0])
    group.create_group("labels")
    axes = [{"name": name, "type": "space"} for name in "yx"]
    sets = [{"path": str(level)} for level in (0, 1)]
    group.attrs["multiscales"] = [{"axes": axes, "datasets": sets}]
    assert again(tmp_path / "a.zarr")[1] == {"label images"}


def test_what_a_tiff_has_beside_its_pixels_is_kept_or_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tags = [
        (274, "H", 1, 6, True), (34675, "B", len(ICC), ICC, True), (315, "s", 0, "me", True),
        (37510, "s", 0, "a comment", True), (50000, "s", 0, "private", True),
        (269, "s", 0, "a name", True),
    ]  # fmt: skip
    tifffile.imwrite(path, PIXELS, photometric="rgb", extratags=tags, metadata=None)
    lost = check(path, {"orientation", "ICC profile", "artist", "comment", "document name"})
    assert lost >= {"comment", "document name"}
    assert not lost & {"orientation", "ICC profile", "artist"}
    assert any(name.startswith("tag 50000") for name in lost)


def test_fewer_bits_and_palettes_are_named(tmp_path: Path) -> None:
    Image.fromarray(PIXELS[..., 0] > 90).save(tmp_path / "one.png")
    Image.fromarray(PIXELS).quantize(9).save(tmp_path / "palette.png")
    assert check(tmp_path / "one.png", set()) == {"1 bits a sample"}
    assert "palette" in check(tmp_path / "palette.png", {"palette"})


@pytest.mark.parametrize("quality", [30, 50, 75, 88, 95, 100])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_jpeg_keeps_its_quality_and_subsampling(
    tmp_path: Path, quality: int, subsampling: int
) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(PIXELS).save(path, quality=quality, subsampling=subsampling)
    options = save_options(".jpg", np.dtype(np.uint8), source=path)
    assert abs(options["Q"] - quality) <= 1
    assert options["subsample_mode"] == ("on" if subsampling == 2 else "off")  # never fewer
    assert save_options(".jpg", np.dtype(np.uint8), source=path, quality=60)["Q"] == 60
    target, _ = again(path)
    with Image.open(target) as one, Image.open(path) as other:
        tables = [sum(each.quantization[0]) for each in (one, other)]  # type: ignore[attr-defined]
    assert tables[0] == pytest.approx(tables[1], rel=0.05)


def test_a_webp_keeps_its_kind_of_compression(tmp_path: Path) -> None:
    for lossless in (True, False):
        path = tmp_path / "a.webp"
        Image.fromarray(PIXELS).save(path, lossless=lossless, quality=80)
        target, _ = again(path)
        assert (b"VP8L" in target.read_bytes()[:60]) == lossless


def test_names_that_say_another_format(tmp_path: Path) -> None:
    wide = (PIXELS[..., 0].astype(np.uint16) * 257).astype(np.uint16)
    clear = np.dstack([PIXELS, PIXELS[..., :1]])
    cases = [
        (PIXELS, "PNG", ".jpg", None), (wide, "PNG", ".jpg", "has no 16 bits"),
        (clear, "PNG", ".jpg", "has no transparency"), (wide, "PNG", ".webp", "has no 16 bits"),
        (clear, "PNG", ".webp", None), (PIXELS, "JPEG", ".png", None),
        (clear, "WEBP", ".png", None), (clear, "WEBP", ".jpg", "has no transparency"),
        (PIXELS, "TIFF", ".png", "rename it to end in .tif"),
        (PIXELS, "PNG", ".tif", "rename it to end in .png"),
    ]  # fmt: skip
    for array, kind, suffix, refusal in cases:
        path = tmp_path / f"a{suffix}"
        Image.fromarray(array).save(path, kind)
        if refusal is not None:
            with pytest.raises(ImageError, match=refusal):
                again(path)
            continue
        target, lost = again(path)
        assert format_of(target) == {".jpg": "jpeg"}.get(suffix, suffix[1:])
        assert (LOSSLESS in lost) == (kind == "PNG" and suffix == ".jpg")
        with open_image(path) as source, open_image(target) as made:
            assert (made.dtype, made.alpha) == (source.dtype, source.alpha)


def test_an_animated_png_is_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(PIXELS), Image.fromarray(255 - PIXELS)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="is an animation: save its pictures one by one"):
        open_image(tmp_path / "a.png")


def test_ome_metadata_name_the_file_that_holds_them(tmp_path: Path) -> None:
    name = "urn:uuid:11111111-1111-1111-1111-111111111111"
    xml = (
        f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{name}"><Image ID='
        '"Image:0" Name="cells &amp; co"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8"'
        ' SizeX="50" SizeY="40" SizeZ="1" SizeC="1" SizeT="1" PhysicalSizeX="0.5"><Channel ID='
        '"Channel:0:0" SamplesPerPixel="1"/><TiffData IFD="0" PlaneCount="1"><UUID FileName='
        f'"a.ome.tif">{name}</UUID></TiffData></Pixels></Image></OME>'
    )
    path, target = tmp_path / "a.ome.tif", tmp_path / "b.ome.tif"
    tifffile.imwrite(path, PIXELS[..., 0], description=xml, metadata=None)
    with open_image(path) as reader:
        floats = reader.image(0).astype(np.float32)
        write_like(target, reader, [[floats]], dtype=np.dtype(np.float32))
    with tifffile.TiffFile(target) as file:
        made = str(file.pages[0].description)  # type: ignore[union-attr]
    assert name not in made
    assert made.count("urn:uuid:") == 2
    assert 'FileName="b.ome.tif"' in made
    assert 'Type="float"' in made
    assert 'Name="cells &amp; co"' in made
    assert 'PhysicalSizeX="0.5"' in made
    np.testing.assert_array_equal(tifffile.imread(target), floats[..., 0])


def test_a_png_without_a_size_gets_none(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    target, _ = again(tmp_path / "a.png")
    data = target.read_bytes()
    assert b"eXIf" not in data
    place = data.index(b"pHYs")
    assert data[place + 4 : place + 13] == struct.pack(">IIB", 1, 1, 0)  # square, of no unit
    with Image.open(target) as made:
        assert "dpi" not in made.info
    Image.fromarray(PIXELS).save(tmp_path / "b.png", dpi=(300, 300))
    with Image.open(again(tmp_path / "b.png")[0]) as made:
        assert made.info["dpi"] == pytest.approx((300, 300), rel=0.01)


def test_a_folder_such_as_a_zarr_array_has_no_such_format(tmp_path: Path) -> None:
    assert format_of(tmp_path) is None
