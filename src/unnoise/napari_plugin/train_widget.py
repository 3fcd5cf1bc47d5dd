"""The dock widget *Train*."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QWidget,
)

from unnoise.errors import UnnoiseError
from unnoise.images import Contrast
from unnoise.napari_plugin.curve import Curve
from unnoise.napari_plugin.jobs import Job
from unnoise.napari_plugin.layers import Part, guess_axes, part_of
from unnoise.napari_plugin.models import MODELS
from unnoise.napari_plugin.training import Seen, free_folder, save_parts, tell_method, train_on
from unnoise.types import Floats

MINUTES, MOST_MINUTES = 5.0, 24 * 60.0
SHOWN = 128  # pixels: side of the halves of the preview
ROWS = 4  # layers that the lists show at once
FULL = 100  # per cent


class TrainWidget(QWidget):
    """Trains a denoiser on layers, and shows how it learns."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer, self.job = napari_viewer, Job()
        self.noisy, self.clean, self.axes = QListWidget(), QListWidget(), QLineEdit()
        self.minutes, self.out = QDoubleSpinBox(), QLineEdit(str(free_folder(Path.home())))
        self.tell, self.run = QPushButton("Find the method"), QPushButton("Train")
        self.bar, self.said, self.curve, self.preview = QProgressBar(), QLabel(), Curve(), QLabel()
        self._lay_out()
        self._connect()
        self._list_layers()

    def _lay_out(self) -> None:
        form, buttons, place = QFormLayout(self), QHBoxLayout(), QHBoxLayout()
        choose = QPushButton("Folder…")
        choose.clicked.connect(self._choose)
        place.addWidget(self.out, 1)
        place.addWidget(choose)
        for each in (self.noisy, self.clean):
            each.setSelectionMode(QAbstractItemView.ExtendedSelection)
            each.setFixedHeight(each.fontMetrics().height() * (ROWS + 1))
        self.clean.setToolTip("Leave it empty where there are no clean images")
        self.minutes.setRange(0.05, MOST_MINUTES)
        self.minutes.setValue(MINUTES)
        self.bar.setRange(0, FULL)
        self.said.setWordWrap(True)
        self.said.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.preview.setAlignment(Qt.AlignCenter)
        buttons.addWidget(self.tell)
        buttons.addWidget(self.run)
        for label, field in (
            ("Noisy layers", self.noisy),
            ("Clean layers", self.clean),
            ("Axes", self.axes),
            ("Minutes", self.minutes),
            ("Run folder", place),
        ):
            form.addRow(label, field)
        form.addRow(buttons)
        for field in (self.bar, self.said, self.curve, self.preview):
            form.addRow(field)
        self.bar.hide()

    def _connect(self) -> None:
        events = self.viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self._list_layers)
        self.noisy.itemSelectionChanged.connect(self._show_axes)
        self.tell.clicked.connect(self._tell)
        self.run.clicked.connect(self._start_or_stop)
        self.job.progressed.connect(self._show)
        self.job.done.connect(self._finish)
        self.job.failed.connect(self.said.setText)
        self.job.ended.connect(self._rest)

    def _list_layers(self, _: Any = None) -> None:
        found = [layer for layer in self.viewer.layers if isinstance(layer, Image)]
        for each in (self.noisy, self.clean):
            chosen = self._layers(each)
            each.clear()
            for layer in found:
                layer.events.name.connect(self._list_layers)  # once, however often asked for
                item = QListWidgetItem(layer.name, each)
                item.setData(Qt.UserRole, layer)
                item.setSelected(any(layer is other for other in chosen))

    def _show_axes(self) -> None:
        chosen = self._layers(self.noisy)
        self.axes.setText(guess_axes(chosen[0]) if chosen else "")

    def _layers(self, chosen: Any) -> list[Any]:
        return [item.data(Qt.UserRole) for item in chosen.selectedItems()]

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Keep the run in")
        if folder:
            self.out.setText(folder)

    def _parts(self) -> tuple[list[Part], list[Part]] | None:
        """Return what is trained on; None after saying what is wrong."""
        axes = self.axes.text().strip().upper()
        try:
            whole = partial(part_of, axes=axes, where="whole layer", step=())
            found = [list(map(whole, self._layers(box))) for box in (self.noisy, self.clean)]
        except UnnoiseError as error:
            self.said.setText(str(error))
            return None
        return found[0], found[1]

    def _tell(self) -> None:
        parts = self._parts()
        if parts is None or self.job.running:
            return

        def work() -> str:
            with TemporaryDirectory(prefix="unnoise-napari-") as folder:
                return tell_method(save_parts(*parts, Path(folder)))

        self._begin()
        self.job.start(work)

    def _start_or_stop(self) -> None:
        if self.job.running:
            self.job.stop()
            self.run.setEnabled(False)
            self.said.setText("ends after this step, and keeps the best model so far")
            return
        parts = self._parts()
        if parts is None:
            return
        minutes, out, job = self.minutes.value(), Path(self.out.text()), self.job

        def work() -> Path:
            with TemporaryDirectory(prefix="unnoise-napari-") as folder:
                settings = save_parts(*parts, Path(folder))
                return train_on(
                    settings, minutes=minutes, out=out, stopped=lambda: job.stopped,
                    show=job.progressed.emit,
                    say=lambda text: job.progressed.emit(text.replace(f"{folder}/", "layers ")),
                )  # fmt: skip

        self._begin()
        self.curve.clear()
        self.run.setText("Stop")
        self.job.start(work)

    def _begin(self) -> None:
        self.said.clear()
        self.bar.setValue(0)
        self.bar.show()
        self.tell.setEnabled(False)

    def _show(self, seen: Seen | str) -> None:
        if isinstance(seen, str):
            self.said.setText(seen)
            return
        self.bar.setValue(round(FULL * seen.share))
        if seen.quality is not None:
            self.curve.add(seen.step, seen.quality, "PSNR in dB" if seen.psnr else "risk")
        if seen.example is not None:
            self.preview.setPixmap(draw_example(*seen.example))

    def _finish(self, found: Path | str) -> None:
        if isinstance(found, str):
            self.said.setText(found)
            return
        MODELS.add(str(found))
        self.out.setText(str(free_folder(found.parent)))  # the next run replaces no other
        self.said.setText(f"kept in {found}; it is a model of the widget Denoise now")

    def _rest(self) -> None:
        self.bar.hide()
        self.run.setText("Train")
        self.run.setEnabled(True)
        self.tell.setEnabled(True)

    def closeEvent(self, event: Any) -> None:  # noqa: N802  the word of Qt
        """End a training where the widget is closed; its best model is kept."""
        self.job.stop()
        super().closeEvent(event)


def draw_example(noisy: Floats, denoised: Floats) -> QPixmap:
    """Draw the middle of an image before and after, side by side."""
    pair = [np.moveaxis(each, 0, -1) for each in (noisy, denoised)]
    pair = [each if each.shape[-1] == 3 else each[..., :1] for each in pair]
    contrast = Contrast.of(pair[0])
    drawn = [np.repeat(contrast.draw(each), 3 // each.shape[-1], axis=-1) for each in pair]
    whole = np.rint(np.concatenate(drawn, axis=1) * 255).astype(np.uint8)
    height, width, _ = whole.shape
    image = QImage(whole.tobytes(), width, height, 3 * width, QImage.Format_RGB888)
    return QPixmap.fromImage(image).scaled(2 * SHOWN, SHOWN, Qt.KeepAspectRatio)
