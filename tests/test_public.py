"""What users may rely on, frozen: add a name here when you mean to promise it."""

import subprocess
import sys

import pytest

import unnoise


def test_public_names() -> None:
    assert sorted(unnoise.__dict__["__all__"]) == [
        "Comparison",
        "Denoiser",
        "DenoisingAutoencoder",
        "DenoisingClassifier",
        "Evaluation",
        "Inspection",
        "UnnoiseError",
        "__version__",
        "add_noise",
        "compare",
        "evaluate",
        "export",
        "figure",
        "inspect",
        "load",
        "noise_model",
        "probe",
        "train",
    ]


@pytest.mark.parametrize("name", dir(unnoise))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(unnoise, name) is not None


def test_unknown_name() -> None:
    misspelt = "trian"
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        getattr(unnoise, misspelt)


def test_import_loads_no_heavy_library() -> None:
    heavy = {"torch", "numpy", "scipy", "pyvips", "sklearn"}
    code = f"import sys, unnoise; print({heavy} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"
