"""Draw the pictures of docs/napari.md: both widgets, at work in a real napari window.

    python tools/napari_screenshots.py

It needs the extras napari and train, and a screen, such as of ``xvfb-run``.
"""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import napari
import pyvips
from qtpy.QtWidgets import QApplication

from unnoise.napari_plugin.denoise_widget import DenoiseWidget
from unnoise.napari_plugin.samples import digits, fluorescence
from unnoise.napari_plugin.train_widget import TrainWidget

DOCS = Path(__file__).parents[1] / "docs"
SIZE = 1200, 760
QUALITY = 85  # of WebP
MINUTES = 0.5


def turn_until(holds: Callable[[], bool]) -> None:
    """Turn the event loop until something holds, and once more."""
    while not holds():
        QApplication.processEvents()
        time.sleep(0.01)
    for _ in range(20):
        QApplication.processEvents()
        time.sleep(0.01)


def draw(viewer: Any, name: str) -> None:
    """Write a picture of the window."""
    viewer.reset_view()
    turn_until(lambda: True)
    shot = viewer.screenshot(canvas_only=False, flash=False)[..., :3]
    image: Any = pyvips.Image.new_from_array(shot)
    image.write_to_file(str(DOCS / name), Q=QUALITY)


def main() -> None:
    """Draw both pictures."""
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    for data, shown, _ in fluorescence():
        viewer.add_image(data, **shown)
    widget = DenoiseWidget(viewer)
    dock = viewer.window.add_dock_widget(widget, name="Denoise (unnoise)")
    widget.maps.setChecked(True)
    widget.run.click()
    turn_until(lambda: not widget.job.running and widget.run.text() == "Denoise")
    viewer.grid.enabled = True
    viewer.grid.stride = 1
    for layer in viewer.layers:
        layer.visible = "expected" not in layer.name
    viewer.layers.remove(next(each for each in viewer.layers if not each.visible))
    draw(viewer, "napari-denoise.webp")
    viewer.window.remove_dock_widget(dock)
    viewer.layers.clear()
    viewer.grid.enabled = False
    for data, shown, _ in digits():
        viewer.add_image(data, **shown)
    trainer = TrainWidget(viewer)
    viewer.window.add_dock_widget(trainer, name="Train (unnoise)")
    trainer.noisy.item(0).setSelected(True)
    trainer.clean.item(1).setSelected(True)
    trainer.out.setText(mkdtemp() + "/digits")
    trainer.minutes.setValue(MINUTES)
    trainer.run.click()
    turn_until(lambda: len(trainer.curve.points) >= 8 or not trainer.job.running)
    viewer.layers["clean digits"].visible = False
    draw(viewer, "napari-train.webp")
    trainer.run.click()
    turn_until(lambda: not trainer.job.running)
    viewer.close()


if __name__ == "__main__":
    main()
