"""``unnoise.export``: a trained denoiser for other programs and for other people."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unnoise.api.loading import load
from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError

if TYPE_CHECKING:
    from unnoise.exporters import Exported

Format = Literal["auto", "onnx", "hub"]
OPSET = 20


def export(
    model: Denoiser | str | Path,
    path: str | Path,
    *,
    format: Format = "auto",  # noqa: A002  the word of the option
    opset: int = OPSET,
    half: bool = False,
    overwrite: bool = False,
) -> "Exported | None":
    """Write a denoiser as an ONNX file, or as a folder for Hugging Face.

    Args:
        model: A denoiser, or what ``unnoise.load`` takes.
        path: An ``.onnx`` file, or a folder.
        format: ``onnx``, ``hub``, or ``auto``: a name that ends in ``.onnx`` is a file.
        opset: Version of the ONNX operators.
        half: Keep the weights of an ONNX file in half precision.
        overwrite: Whether what is there may be replaced.

    Returns:
        What was written and compared, for an ONNX file.

    Raises:
        ConfigError: The format cannot be told from the name, or settings do not belong to it.
        ModelError: The model does not run with torch, or the file gave other images than torch.
        OutputError: The file exists, or it cannot be written.
    """
    path = Path(path)
    if format == "auto" and path.suffix != ".onnx":
        raise ConfigError(
            f"{path} does not end in .onnx: name such a file, or pass --format hub for a folder"
        )
    if format == "hub" and (half or opset != OPSET):
        raise ConfigError("half and opset are for ONNX files: leave them out with --format hub")
    denoiser = model if isinstance(model, Denoiser) else load(model, device="cpu", precision="fp32")
    from unnoise.exporters import write_hub_folder, write_onnx

    if format == "hub":
        write_hub_folder(denoiser, path, overwrite=overwrite)
        return None
    return write_onnx(denoiser, path, opset=opset, half=half, overwrite=overwrite)
