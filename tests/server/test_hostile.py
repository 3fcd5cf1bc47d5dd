"""Hostile requests: each is answered with a 4xx, and the server stays as it was.

``make bench-hostile`` sends thousands.
"""

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import schemathesis
from hostile import Case, cases
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from servers import Server
from unnoise.images import write_stack

COUNT = int(os.environ.get("UNNOISE_HOSTILE_CASES", "250"))
GROWTH = 64  # MB that may stay of what was used in between


def status(server: Server, case: Case) -> int:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        connection.request("POST", case.path, case.body, case.headers)
        response = connection.getresponse()
        response.read()
        return response.status
    except (ConnectionError, BrokenPipeError):  # refused before all of it was sent
        return 413 if case.kind == "oversized" else 0
    finally:
        connection.close()


def rested(server: Server) -> float:
    """Return the memory of a server that has had nothing to do for a while."""
    time.sleep(2)
    return server.memory()


def test_hostile_requests_are_refused(
    server: Server, sample_photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Case("good", sample_photo.read_bytes())
    write_stack(tmp_path / "large.png", np.zeros((1990, 2000, 3), np.uint8))
    large = Case("large", (tmp_path / "large.png").read_bytes())
    sent = list(cases(COUNT, tmp_path))
    with ThreadPoolExecutor(2) as clients:

        def ask(case: Case) -> int:
            return status(server, case)

        # It keeps what the largest images took, as many as are at work at once.
        assert set(clients.map(ask, [large] * 4)) == {200}
        before = rested(server)
        found = list(clients.map(ask, sent))
        after = rested(server)
    counts = Counter((case.kind, code) for case, code in zip(sent, found, strict=True))
    with capsys.disabled():
        if COUNT > 1000:
            print(f"\n{COUNT} requests; memory {before:.0f} MB before, {after:.0f} MB after")
            print("\n".join(f"{kind}, {code}: {n}" for (kind, code), n in sorted(counts.items())))
    wrong = {
        (case.kind, code)
        for case, code in zip(sent, found, strict=True)
        if not (400 <= code < 500 or (case.may_pass and code == 200))
    }
    assert not wrong
    assert after < before + GROWTH
    assert status(server, good) == 200


CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_answers_are_as_described(server: Server) -> None:
    """What is generated from the description is answered as it says, whatever is asked."""
    described = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    found = list(described.get_all_operations())
    operations = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(operations) == len(found)
    assert {operation.path for operation in operations} >= {"/v1/denoise", "/v1/inspect"}
    for operation in operations:

        @settings(max_examples=25, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS)

        check()
