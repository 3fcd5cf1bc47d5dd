"""Bodies, answers and parameters as the description of the interface (``/docs``) shows them."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from unnoise.denoiser.options import Steady
from unnoise.server.pictures import SUFFIXES


class Problem(BaseModel):
    """What went wrong, and what to do."""

    detail: str


class ModelFacts(BaseModel):
    """A model that is served."""

    name: str
    default: bool
    channels: int
    noise: str
    data: str
    summary: str


class Limits(BaseModel):
    """The largest request."""

    bytes: int
    pixels: int


class Models(BaseModel):
    """The models that are served, the default one first."""

    models: list[ModelFacts]
    limits: Limits


BODY = {
    "required": True,
    "content": {
        **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in SUFFIXES},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "properties": {"image": {"type": "string", "format": "binary"}},
            }
        },
    },
}
MEANINGS = {
    400: "The body is empty, or a form without an image.",
    401: "The token is missing or wrong.",
    404: "No model of this name is served.",
    406: "The result cannot be written in a format that Accept allows.",
    408: "The body did not arrive in time.",
    413: "The body has too many bytes, or the image too many pixels.",
    415: "The body is not a PNG, JPEG, WebP or TIFF file.",
    422: "The image is damaged or does not fit the model, or a parameter is out of range.",
    503: "The server is busy: try again after the seconds in Retry-After.",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text} for status, text in MEANINGS.items()
}
IMAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The image; its verdict is in the headers.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in SUFFIXES},
        "headers": {
            "Unnoise-Model": {"schema": {"type": "string"}},
            "Unnoise-Verdict": {"schema": {"enum": ["trust", "check", "reject"]}},
            **{
                f"Unnoise-{name}": {"description": text, "schema": {"type": kind}}
                for name, kind, text in (
                    ("Reasons", "string", "A JSON array."),
                    ("Images", "integer", "The number of images in the file."),
                    (
                        "Stack",
                        "string",
                        "The axes that count images, each with its length: a JSON object.",
                    ),
                    (
                        "Channels",
                        "integer",
                        "The number of channels that are not colours and can be asked for one by "
                        "one; else 1.",
                    ),
                    ("Lost", "string", "What the file had and the result has not: a JSON array."),
                    ("Notes", "string", "How the file was read and converted: a JSON array."),
                    ("Shown", "string", "With display: what is shown, and how: a JSON array."),
                )
            },
        },
    }
}
ImageIndex = Annotated[
    int | None, Query(ge=0, description="One image of a stack, from 0 on; all by default.")
]
ChannelIndex = Annotated[
    int | None, Query(ge=0, description="One channel, as grey, from 0 on; all by default.")
]
Strength = Annotated[float, Query(ge=0, le=1, description="0 is the image itself, 1 the result.")]
Display = Annotated[
    bool, Query(description="One image for the eye: 8 bits, upright, low contrast stretched.")
]
ChromaStrength = Annotated[
    float | None,
    Query(ge=0, le=1, description="Strength for colour noise; as strength by default."),
]
DetailShare = Annotated[
    float, Query(ge=0, le=1, description="The share of removed texture to bring back.")
]
HotPixels = Annotated[
    bool, Query(description="Whether to replace hot and dead pixels first; a note counts them.")
]
Steadiness = Annotated[
    Steady, Query(description="Whether to blend the results of a stack over time; a note says so.")
]
ModelName = Annotated[
    str | None, Query(description="A name from /v1/models; the first model by default.")
]
