"""Lines about inspected images: what was said of a file is not said again of each of its images."""

from pathlib import Path

import numpy as np
import pytest

import unnoise
from unnoise.api.comparing import compare_files
from unnoise.api.inspecting import inspect_files, line
from unnoise.denoiser import DenoiseOptions
from unnoise.errors import ConfigError
from unnoise.images import write_stack


def test_a_reason_is_said_once_for_a_file(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = random.normal(120, 20, (3, 40, 40)).clip(0, 255).astype(np.uint8)
    images[1] = np.where(random.random((40, 40)) < 0.5, 0, 255)  # one that differs
    write_stack(tmp_path / "stack.npy", images[..., None])
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    found = list(inspect_files(photo, [tmp_path / "stack.npy"]))
    assert [image.index for image in found] == [0, 1, 2]
    said: set[str] = set()
    lines = [line(image, said) for image in found]
    reasons = {reason for image in found for reason in image.facts["reasons"]}
    assert reasons
    text = "\n".join(lines)
    assert all(text.count(reason) == 1 for reason in reasons)
    assert all(f"stack.npy[{index}]" in each for index, each in enumerate(lines))


def test_what_changes_results_is_refused(tmp_path: Path) -> None:
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    for wish in ({"strength": 0.5}, {"chroma_strength": 1.0}, {"detail": 0.5}):
        options = DenoiseOptions(**wish)  # type: ignore[arg-type]  # of several types
        with pytest.raises(ConfigError, match=f"{next(iter(wish))} changes it: leave it out"):
            list(inspect_files(photo, [tmp_path], options=options))
        with pytest.raises(ConfigError, match="compare is about the model's result as it is"):
            list(compare_files([photo], [tmp_path], options=options))
