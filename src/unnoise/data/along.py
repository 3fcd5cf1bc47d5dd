"""A piece of a stack to look at along its axis: one held-out part of images that follow each other.

Only images of which strips are held out have it: where whole images are, their neighbours are
trained on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unnoise.data.beside import Beside
from unnoise.data.loading import Loaded
from unnoise.data.plan import Plan
from unnoise.data.splitting import holds_whole, strip_of
from unnoise.facts import change
from unnoise.types import Array, Indices

LONGEST, LEAST = 64, 5  # images
SIDE = 64  # pixels of a side
SEARCHED = 8  # pieces that are compared
TIME_AND_DEPTH = "TZ"  # axes along which images are of one thing


@dataclass(frozen=True)
class Along:
    """The piece."""

    axis: str  # its letter
    views: tuple[Array, ...]  # each view, (N, H, W, C)
    # For a model that sees several images, those that are seen with each, (N, depth). Some are
    # beside the piece, and follow it in the first view.
    around: Indices | None = None


def cut_along(
    plan: Plan, loaded: Loaded, share: float | None, beside: Beside | None
) -> Along | None:
    """Cut the piece from the held-out strips that changes most; None where there is none.

    Args:
        plan: The axes of the images.
        loaded: Their pixels.
        share: The share of each image that is held out.
        beside: Which images are seen with each.
    """
    views, count = loaded.views, sum(stack.count for stack in loaded.stacks)
    if loaded.scenes is not None or len(views[0]) != count or (not beside and holds_whole(count)):
        return None
    pieces = list(_pieces(plan, loaded))
    found = [
        (change([strip_of(views[-1][i], share) for i in piece]), axis, piece)
        for axis, piece in pieces[:: -(-len(pieces) // SEARCHED) or 1]
    ]
    if not found:
        return None
    changes, axis, piece = max(found, key=lambda each: float(each[0].max()))
    place = np.unravel_index(int(changes.argmax()), changes.shape)
    rows, columns = (_centred(int(at), n) for at, n in zip(place, changes.shape, strict=True))

    def cut(view: Sequence[Array], images: Sequence[int]) -> Array:
        return np.stack([strip_of(view[i], share)[rows, columns] for i in images])

    seen = list(dict.fromkeys([*piece, *(beside.table[piece].ravel().tolist() if beside else ())]))
    return Along(
        axis,
        (cut(views[0], seen), *(cut(view, piece) for view in views[1:])),
        np.array([[seen.index(i) for i in row] for row in beside.table[piece]]) if beside else None,
    )


def _pieces(plan: Plan, loaded: Loaded) -> Iterator[tuple[str, list[int]]]:
    """Yield the axis and the images of each piece; images are counted over all stacks."""
    first = 0
    for letters, stack in zip(loaded.axes, loaded.stacks, strict=True):
        lengths = dict(zip(letters, stack.lengths, strict=True))
        axes = plan.depth or [axis for axis in TIME_AND_DEPTH if axis in lengths]
        axis = max(axes, key=lambda each: lengths.get(each, 0), default="")
        length = lengths.get(axis, 0)
        for start in range(0, length - LEAST + 1, LONGEST):
            line = range(start, min(start + LONGEST, length))
            place = [line if each == axis else n // 2 for each, n in lengths.items()]
            yield axis, (first + np.ravel_multi_index(place, stack.lengths)).tolist()
        first += stack.count


def _centred(place: int, length: int) -> slice:
    """Return ``SIDE`` pixels around a place, within the image."""
    start = max(0, min(place - SIDE // 2, length - SIDE))
    return slice(start, min(start + SIDE, length))
