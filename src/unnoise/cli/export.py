"""``unnoise export``."""

from pathlib import Path
from typing import Literal

from unnoise.cli.console import print_json, verb_app
from unnoise.cli.options import Json, Model, Overwrite

app = verb_app("export")


@app.default
def export(
    model: Model,
    out: Path,
    /,
    *,
    format: Literal["auto", "onnx", "hub"] = "auto",  # noqa: A002  the word of unnoise.export
    opset: int = 20,
    half: bool = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a model as one ONNX file, which runs without torch, or as a folder for Hugging Face.

    An ONNX file is compared with torch on images of several sizes. It is not kept if it differs by
    1e-4 of the value range or more.

    Parameters
    ----------
    out
        An .onnx file, or a folder with --format hub.
    format
        auto chooses by the name.
    opset
        The version of the ONNX operators, 18 to 23.
    half
        Keep the weights of an ONNX file in half precision: half the size, the same speed.
    """
    from unnoise.api.sharing import export as export_model

    made = export_model(model, out, format=format, opset=opset, half=half, overwrite=overwrite)
    if json:
        print_json({"path": str(out)} if made is None else made.__dict__ | {"path": str(out)})
        return
    print(f"{model} -> {out}")
    if made is None:
        print(f"complete its README.md, and upload the folder: hf upload OWNER/NAME {out}")
        return
    sizes = ", ".join(f"{height} × {width}" for height, width in made.sizes)
    print(
        f"{made.bytes / 1e6:.1f} MB; differs from torch by {made.difference:.1e} at most ({sizes})"
    )
    if made.rounding is not None:
        print(f"rounding of the weights changes images by {made.rounding:.1e} at most")
