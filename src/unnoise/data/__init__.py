"""Images to train and to measure on: where they are, which method they allow, batches of them.

The way is ``survey`` (what is there, by headers) → ``choose_method`` (which images play which
part) → ``prepare`` (pixels, split, batches). This room does not know models or training.
"""

from unnoise.data.along import Along
from unnoise.data.batches import Batches, Patches, split_indices
from unnoise.data.beside import Beside
from unnoise.data.classes import load_classes
from unnoise.data.depth import find_depth
from unnoise.data.material import Material, Preparation, prepare, takes_whole
from unnoise.data.method import choose_method
from unnoise.data.names import match_pairs, side_of
from unnoise.data.parts import Part
from unnoise.data.pixel_store import TURNS, PixelStore
from unnoise.data.plan import Plan
from unnoise.data.resident import Resident
from unnoise.data.sources import Images, load_images, load_pairs, look_at
from unnoise.data.splitting import choose_examples, cut_alike
from unnoise.data.stream import Stream
from unnoise.data.survey import Source, Survey

__all__ = [
    "TURNS",
    "Along",
    "Batches",
    "Beside",
    "Images",
    "Material",
    "Part",
    "Patches",
    "PixelStore",
    "Plan",
    "Preparation",
    "Resident",
    "Source",
    "Stream",
    "Survey",
    "choose_examples",
    "choose_method",
    "cut_alike",
    "find_depth",
    "load_classes",
    "load_images",
    "load_pairs",
    "look_at",
    "match_pairs",
    "prepare",
    "side_of",
    "split_indices",
    "takes_whole",
]
