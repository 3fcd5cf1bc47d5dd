"""``unnoise export``."""

from pathlib import Path
from typing import Literal

from unnoise.cli.console import print_json, verb_app

app = verb_app("export")


@app.default
def export(
    model: str,
    out: Path,
    /,
    *,
    format: Literal["auto", "onnx", "hub"] = "auto",  # noqa: A002  the word of unnoise.export
    opset: int = 20,
    half: bool = False,
    overwrite: bool = False,
    json: bool = False,
) -> None:
    """Write a model as one ONNX file, which runs without torch, or as a folder for Hugging Face.

    An ONNX file is run on images of several sizes and compared with torch; one that differs by
    1e-4 of the value range or more is not kept.

    Parameters
    ----------
    model
        A model file, a run folder, or photo or fluorescence, which come with unnoise.
    out
        An .onnx file, or a folder with --format hub.
    format
        auto goes by the name.
    opset
        Version of the ONNX operators, 18 to 23.
    half
        Keep the weights of an ONNX file in half precision: half the size, the same speed.
    overwrite
        Replace what is there.
    json
        Print what was written as JSON.
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
