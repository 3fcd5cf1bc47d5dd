"""The dock widget *Denoise*."""

from typing import Any

import numpy as np
from napari.layers import Image, Shapes
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSlider,
    QWidget,
)

from unnoise.denoiser import DenoiseOptions
from unnoise.errors import ImageError, UnnoiseError
from unnoise.napari_plugin.denoising import AUTOMATIC, Outcome, run
from unnoise.napari_plugin.jobs import Job
from unnoise.napari_plugin.layers import guess_axes, part_of
from unnoise.napari_plugin.models import MODELS
from unnoise.pretrained import PRETRAINED

WHERE = ("whole layer", "current view", "region")
FULL = 100  # per cent


class DenoiseWidget(QWidget):
    """Denoises a layer in a thread, and adds the result as a new layer."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer, self.job = napari_viewer, Job()
        self.layers, self.models, self.where = QComboBox(), QComboBox(), QComboBox()
        self.axes, self.strength, self.maps = QLineEdit(), QSlider(Qt.Horizontal), QCheckBox()
        self.hot_pixels, self.run, self.bar = QCheckBox(), QPushButton("Denoise"), QProgressBar()
        self.said = QLabel()
        self._lay_out()
        self._connect()
        self._list_layers()
        self._list_models()

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        model = QHBoxLayout()
        model.addWidget(self.models, 1)
        for label, choose in (("File…", self._open_file), ("Run…", self._open_run)):
            button = QPushButton(label)
            button.clicked.connect(choose)
            model.addWidget(button)
        self.where.addItems(WHERE)
        self.strength.setRange(0, FULL)
        self.strength.setValue(FULL)
        self.maps.setToolTip("Removed values, removed structure and expected error, as layers")
        self.axes.setToolTip("One letter per axis: Y and X are rows and columns, C is channels")
        self.said.setWordWrap(True)
        self.said.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.bar.setRange(0, FULL)
        self.bar.hide()
        for label, field in (
            ("Layer", self.layers),
            ("Axes", self.axes),
            ("Model", model),
            ("Part", self.where),
            ("Strength", self.strength),
            ("Replace hot pixels", self.hot_pixels),
            ("Add maps", self.maps),
        ):
            form.addRow(label, field)
        for field in (self.run, self.bar, self.said):
            form.addRow(field)

    def _connect(self) -> None:
        events = self.viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self._list_layers)
        self.layers.currentIndexChanged.connect(self._show_axes)
        MODELS.added.connect(self._list_models)
        self.run.clicked.connect(self._start_or_cancel)
        self.job.progressed.connect(lambda share: self.bar.setValue(round(FULL * share)))
        self.job.done.connect(self._show)
        self.job.failed.connect(self.said.setText)
        self.job.ended.connect(self._rest)

    def _list_layers(self, _: Any = None) -> None:
        """List the image layers; the chosen one stays chosen."""
        chosen = self._layer()
        found = [layer for layer in self.viewer.layers if isinstance(layer, Image)]
        self.layers.clear()
        for layer in found:
            layer.events.name.connect(self._list_layers)  # once, however often it is asked for
            self.layers.addItem(layer.name, layer)
        places = [place for place, layer in enumerate(found) if layer is chosen]
        self.layers.setCurrentIndex(places[0] if places else len(found) - 1)
        self.run.setEnabled(bool(found))

    def _list_models(self) -> None:
        known = [AUTOMATIC, *PRETRAINED, *MODELS.paths]
        for name in known[self.models.count() :]:
            self.models.addItem(name)

    def _open_file(self) -> None:
        kinds = "Models (*.safetensors *.onnx)"
        self._take(QFileDialog.getOpenFileName(self, "Open a model", "", kinds)[0])

    def _open_run(self) -> None:
        self._take(QFileDialog.getExistingDirectory(self, "Open a run folder"))

    def _take(self, path: str) -> None:
        if path:
            MODELS.add(path)
            self.models.setCurrentText(path)

    def _show_axes(self, _: int) -> None:
        layer = self._layer()
        self.axes.setText("" if layer is None else guess_axes(layer))

    def _layer(self) -> Any:
        return self.layers.currentData()

    def _start_or_cancel(self) -> None:
        if self.job.running:
            self.job.stop()
            self.run.setEnabled(False)  # until it has ended
            return
        layer, where, dims = self._layer(), self.where.currentText(), self.viewer.dims
        try:
            if where == "current view" and {n - dims.ndim for n in dims.displayed} != {-2, -1}:
                raise ImageError(
                    "the canvas does not show rows and columns: switch it to two dimensions, roll "
                    "the axes back, or choose another part"
                )
            part = part_of(
                layer,
                axes=self.axes.text().strip().upper(),
                where=where,
                # The steps of the sliders are those of the finest layer, not of this one.
                step=np.rint(layer.world_to_data(dims.point)).astype(int),
                corners=self._region(layer) if where == "region" else None,
            )
        except UnnoiseError as error:
            self.said.setText(str(error))
            return
        options = DenoiseOptions(
            strength=self.strength.value() / FULL, hot_pixels=self.hot_pixels.isChecked()
        )
        model, maps = self.models.currentText(), self.maps.isChecked()
        self.said.clear()
        self.bar.setValue(0)
        self.bar.show()
        self.run.setText("Cancel")
        self.job.start(
            lambda: run(part, model=model, options=options, maps=maps, report=self.job.report)
        )

    def _region(self, layer: Any) -> Any:
        """Return the corners of the chosen shapes, else of the last one, in pixels of a layer."""
        drawn = [each for each in self.viewer.layers if isinstance(each, Shapes) and each.nshapes]
        if not drawn:
            return None
        shapes = drawn[-1]
        chosen = sorted(shapes.selected_data) or [shapes.nshapes - 1]
        points = [point for number in chosen for point in shapes.data[number]]
        return layer_corners(layer, shapes, points)

    def _show(self, outcome: Outcome) -> None:
        for image, shown, _ in outcome.layers:
            self.viewer.add_image(image, **shown)
        self.said.setText(outcome.verdict)

    def _rest(self) -> None:
        self.bar.hide()
        self.run.setText("Denoise")
        self.run.setEnabled(self.layers.count() > 0)

    def closeEvent(self, event: Any) -> None:  # noqa: N802  the word of Qt
        """Cancel the work where the widget is closed."""
        self.job.stop()
        super().closeEvent(event)


def layer_corners(layer: Any, shapes: Any, points: Any) -> Any:
    """Return points of a Shapes layer in pixels of an image layer, ``(N, axes)``."""
    world = [np.asarray(shapes.data_to_world(point))[-layer.ndim :] for point in points]
    padded = [np.pad(point, (layer.ndim - len(point), 0)) for point in world]
    return np.array([layer.world_to_data(point) for point in padded])
