"""What the description of the interface (``/docs``) says of bodies, answers and parameters."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from unnoise.server.pictures import SUFFIXES


class Problem(BaseModel):
    """What went wrong, and what to do."""

    detail: str


class ModelFacts(BaseModel):
    """What is known about a model that is served."""

    name: str
    default: bool
    channels: int
    noise: str
    data: str
    summary: str


class Limits(BaseModel):
    """How much a request may hold."""

    bytes: int
    pixels: int


class Models(BaseModel):
    """The models that are served, the usual one first."""

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
TOLD = {
    400: "The body is empty, or no form with an image.",
    401: "The token is missing or wrong.",
    404: "No such model is served.",
    406: "The result cannot be written in a format that is accepted.",
    408: "The body did not arrive in time.",
    413: "More bytes or pixels than are taken.",
    415: "No PNG, JPEG, WebP or TIFF file.",
    422: "A damaged image, one that is not for this model, or a parameter out of range.",
    503: "Busy: ask again after as many seconds as Retry-After says.",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text} for status, text in TOLD.items()
}
IMAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The image; its verdict is in the headers.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in SUFFIXES},
        "headers": {
            "Unnoise-Model": {"schema": {"type": "string"}},
            "Unnoise-Verdict": {"schema": {"enum": ["trust", "check", "reject"]}},
            "Unnoise-Reasons": {"description": "A JSON array.", "schema": {"type": "string"}},
            "Unnoise-Images": {"description": "In the file.", "schema": {"type": "integer"}},
            "Unnoise-Channels": {
                "description": "That are no colours, and can be asked for one by one; else 1.",
                "schema": {"type": "integer"},
            },
            "Unnoise-Lost": {
                "description": "What the file had and the result has not: a JSON array.",
                "schema": {"type": "string"},
            },
            "Unnoise-Notes": {
                "description": "How the file was read, and converted: a JSON array.",
                "schema": {"type": "string"},
            },
            "Unnoise-Shown": {
                "description": "With display: what of the file is shown, and how: a JSON array.",
                "schema": {"type": "string"},
            },
        },
    }
}
ImageIndex = Annotated[
    int | None, Query(ge=0, description="Which image of a stack, from 0 on; all if left out.")
]
ChannelIndex = Annotated[
    int | None, Query(ge=0, description="Which channel, as grey, from 0 on; all if left out.")
]
ChromaStrength = Annotated[
    float | None, Query(ge=0, le=1, description="Of colour noise; that of strength if left out.")
]
DetailShare = Annotated[
    float, Query(ge=0, le=1, description="How much of the texture that was removed comes back.")
]
HotPixels = Annotated[
    bool, Query(description="Whether hot and dead pixels are replaced first; a note says how many.")
]
ModelName = Annotated[str | None, Query(description="One of /v1/models; the first if left out.")]
