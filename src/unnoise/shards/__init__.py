"""Data that no memory holds: scenes that are read from tar shards and from large files.

This room does not know the other sources of a user, nor the use of the scenes.
"""

from unnoise.shards.files import FileImages, Files
from unnoise.shards.lists import Shard, find_shards
from unnoise.shards.scenes import PEEK, Scene, Scenes
from unnoise.shards.shards import FORMATS, Shards, ShardView, image_stem, read_member
from unnoise.shards.tar import BLOCK, Sample, Tape, first_start, samples

__all__ = [
    "BLOCK",
    "FORMATS",
    "PEEK",
    "FileImages",
    "Files",
    "Sample",
    "Scene",
    "Scenes",
    "Shard",
    "ShardView",
    "Shards",
    "Tape",
    "find_shards",
    "first_start",
    "image_stem",
    "read_member",
    "samples",
]
