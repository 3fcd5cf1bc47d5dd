"""Scientific formats on the command line: a training, results beside each other, and messages."""

from pathlib import Path

import mrcfile
import numpy as np
import pydicom
import pytest
import tifffile
from astropy.io import fits
from pydicom.data import get_testdata_file
from pylibCZIrw import czi

from unnoise.cli import main


def called(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([*map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an image of each format."""
    image = np.random.default_rng(0).integers(500, 3000, (24, 20), dtype=np.uint16)
    place = tmp_path / "in"
    place.mkdir()
    mrcfile.write(place / "a.mrc", image)
    fits.PrimaryHDU(image).writeto(place / "a.fits")
    (place / "a.dcm").write_bytes(Path(str(get_testdata_file("CT_small.dcm"))).read_bytes())
    with czi.create_czi(str(place / "a.czi")) as file:
        for scene, width in enumerate((20, 12)):
            part = np.ascontiguousarray(image[:, :width, None])
            file.write(part, plane={"C": 0}, scene=scene, location=(100 * scene, 0))
    (place / "a.oir").write_bytes(b"content")
    return place


def test_results_have_the_formats_of_their_programs(
    run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert called("denoise", folder, "--model", run, "--out", out) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "1 .oir (convert it with Bio-Formats" in said
    assert "a.czi has scenes that are unlike: pass --scene" in said
    assert sorted(path.name for path in out.iterdir()) == ["a.dcm", "a.fits", "a.mrc"]
    assert mrcfile.read(out / "a.mrc").shape == (24, 20)
    assert fits.getdata(out / "a.fits").dtype == np.uint16
    assert pydicom.dcmread(out / "a.dcm").ImageType[0] == "DERIVED"


def test_a_scene_becomes_ome_tiff(run: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("denoise", folder / "a.czi", "--scene", "2", "--model", run)
    assert called(*arguments, "--out", out, "--quiet") == 0
    assert tifffile.imread(out / "a.ome.tif").shape == (24, 12)
    assert called(*arguments, "--out", tmp_path / "b.ome.zarr", "--quiet") == 0
    assert (tmp_path / "b.ome.zarr" / "0").is_dir()


def test_dicom_does_not_become_floats(
    run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called("denoise", folder / "a.dcm", "--model", run, "--dtype", "float32") == 2
    assert "a format of whole numbers" in " ".join(capsys.readouterr().err.split())


def test_a_training_keeps_its_scene(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ("train", folder / "a.czi", "--scene", "1", "--steps", "2", "--out", out)
    assert called(*arguments, "--quiet") == 0
    assert 'scene = "1"' in (out / "config.toml").read_text(encoding="utf-8")
