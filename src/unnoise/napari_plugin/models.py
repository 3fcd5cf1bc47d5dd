"""The models that a person opened or trained since napari started; both widgets know them."""

from qtpy.QtCore import QObject, Signal


class Models(QObject):
    """Paths of models, in the order in which they came."""

    added = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    def add(self, path: str) -> None:
        """Add a path, once."""
        if path not in self.paths:
            self.paths.append(path)
            self.added.emit()


MODELS = Models()
