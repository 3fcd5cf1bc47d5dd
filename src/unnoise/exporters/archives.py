"""Zip archives that depend on their contents alone, so that the same model gives the same bytes."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of the format
MODE = 0o644


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Write members by their names into a zip file, in their order, without dates."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.external_attr = MODE << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
