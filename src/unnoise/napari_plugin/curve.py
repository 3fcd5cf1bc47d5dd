"""A curve that grows: one value for each validation of a training."""

from typing import Any

from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QPainter, QPen
from qtpy.QtWidgets import QWidget

HEIGHT, MARGIN = 120, 8  # pixels


class Curve(QWidget):
    """Draws values over steps, with the first, the last and the best value in words."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[float, float]] = []
        self._name = ""
        self.setFixedHeight(HEIGHT)

    def clear(self) -> None:
        """Forget all values."""
        self.points.clear()
        self.update()

    def add(self, step: float, value: float, name: str) -> None:
        """Add a value."""
        self.points.append((step, value))
        self._name = name
        self.update()

    def paintEvent(self, _: Any) -> None:  # noqa: N802  the word of Qt
        """Draw the curve."""
        if not self.points:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        ink = self.palette().windowText().color()
        painter.setPen(ink)
        line = painter.fontMetrics().height()
        last = self.points[-1]
        painter.drawText(MARGIN, line, f"{self._name}: {last[1]:.4g} at step {last[0]:,.0f}")
        places = self._places(top=line + MARGIN)
        painter.setPen(QPen(self.palette().highlight().color(), 2))
        painter.drawPolyline(places)
        for place in places:
            painter.drawEllipse(place, 2, 2)
        painter.setPen(QPen(ink, 1, Qt.DotLine))
        base = self.height() - MARGIN
        painter.drawLine(MARGIN, base, self.width() - MARGIN, base)

    def _places(self, *, top: int) -> list[QPointF]:
        """Return where the points lie in the widget; the curve fills it."""
        steps, values = zip(*self.points, strict=True)
        low, span = min(values), (max(values) - min(values)) or 1.0
        width, height = self.width() - 2 * MARGIN, self.height() - top - 2 * MARGIN
        return [
            QPointF(MARGIN + width * step / steps[-1], top + height * (1 - (value - low) / span))
            for step, value in zip(steps, values, strict=True)
        ]
