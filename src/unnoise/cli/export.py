"""``unnoise export``."""

import sys
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
    format: Literal["auto", "onnx", "darktable", "bioimage", "hub"] = "auto",  # noqa: A002  the name of the option
    opset: int = 20,
    half: bool = False,
    id: str | None = None,  # noqa: A002  the word of unnoise.export
    name: str | None = None,
    author: str | None = None,
    license: str | None = None,  # noqa: A002  the name of the option
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a model for other programs: ONNX, darktable, the BioImage Model Zoo, Hugging Face.

    A file is compared with torch on images of several sizes. It is not kept if it differs by 1e-4
    of the value range or more.

    Parameters
    ----------
    out
        A file: .onnx; .dtmodel for darktable; .zip for the BioImage Model Zoo, which Fiji, ilastik
        and napari read. A folder with --format hub.
    format
        auto chooses by the ending.
    opset
        The version of the ONNX operators, 18 to 23.
    half
        Keep the weights of an ONNX file in half precision: half the size, the same speed.
    id
        The identifier of the model in darktable. [default: denoise- and the name]
    name
        The name that darktable and the zoo show. [default: unnoise, and the name of the model]
    author
        Who trained the model, for darktable and the zoo.
    license
        The SPDX identifier of the licence of the weights, such as MIT, for them.
    """
    from unnoise.api.exporting import export as export_model

    made = export_model(
        model,
        out,
        format=format,
        opset=opset,
        half=half,
        id=id,
        name=name,
        author=author,
        license=license,
        overwrite=overwrite,
    )
    for note in () if made is None else made.notes:
        print(f"unnoise: {note}", file=sys.stderr)
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
