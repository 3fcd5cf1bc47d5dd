"""Counters of a server, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Counts:
    """Counters of one server; several servers in a process do not share them."""

    kind = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "unnoise_requests",
            "Requests by route and status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "unnoise_request_seconds",
            "Seconds from the head of a request to its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._pixels = Counter("unnoise_pixels", "Denoised pixels.", registry=self._registry)
        self._inside = Gauge(
            "unnoise_requests_inside", "Requests that wait or run.", registry=self._registry
        )

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count an answer. Only the server's own routes are counted, so their number is limited."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def pixels(self, count: int) -> None:
        """Count denoised pixels."""
        self._pixels.inc(count)

    def text(self, inside: int) -> bytes:
        """Return all counters in the format of Prometheus."""
        self._inside.set(inside)
        return generate_latest(self._registry)
