"""Workers that die: what they were at is done by others, or given up."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from jobs import MODEL

from unnoise.cluster.pool import Pool
from unnoise.cluster.processes import ProcessEngine, count_gpus
from unnoise.cluster.worker import Settings, Worker
from unnoise.denoiser import DenoiseOptions, Outputs, Running
from unnoise.denoiser.loading import ModelPlace
from unnoise.errors import ConfigError
from unnoise.images import ReadOptions


def settings(model: str = MODEL) -> Settings:
    return Settings(
        model=ModelPlace.of(model),
        out=Path("/nowhere"),
        outputs=Outputs(inspect=False),
        options=DenoiseOptions(),
        read=ReadOptions(),
        running=Running(device="cpu"),
    )


@dataclass(frozen=True)
class Counted:
    value: int
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True)
class Number:
    """A piece of work that kills its worker if it is poison."""

    value: int
    poison: bool

    def run(self, worker: Worker) -> Counted:
        assert worker.denoiser
        if self.poison:
            os.kill(os.getpid(), signal.SIGKILL)
        return Counted(self.value, seconds=0.001)

    def failed(self, reason: str) -> Counted:
        return Counted(self.value, error=reason)


def test_work_that_kills_workers_fails_and_the_rest_is_done() -> None:
    with Pool(ProcessEngine(settings(), workers=1)) as pool:
        items = (Number(value, poison=value == 7) for value in range(30))
        found = [outcome for outcomes in pool.run(items) for outcome in outcomes]
        assert sorted(outcome.value for outcome in found) == list(range(30))
        assert [outcome.error for outcome in found if outcome.value == 7] == [
            "the worker died 3 times while it had nothing else to do"
        ]
        assert not any(outcome.error for outcome in found if outcome.value != 7)
        assert 3 <= pool.lost <= 4  # the first time it may have been one of several


def test_a_worker_that_cannot_begin_says_why(tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"no model")
    with (
        Pool(ProcessEngine(settings(str(path)), workers=2)) as pool,
        pytest.raises(ConfigError, match=r"a worker cannot begin: cannot read .*bad\.onnx"),
    ):
        list(pool.run([Number(0, poison=False)]))


def test_workers_that_always_die_as_they_begin_end_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead(ProcessEngine):
        """Workers that are killed at once."""

        def start(self, number: int):  # type: ignore[no-untyped-def]  # noqa: ANN202  as its base
            link = super().start(number)
            link._process.kill()  # type: ignore[attr-defined]  # of links of processes
            return link

    monkeypatch.setattr("unnoise.cluster.pool.STARTS", 3)
    with (
        Pool(Dead(settings(), workers=1)) as pool,
        pytest.raises(ConfigError, match="try fewer --workers"),
    ):
        list(pool.run([Number(0, poison=False)]))


def test_an_onnx_model_is_not_sent_to_the_gpus_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert count_gpus(ModelPlace.of(MODEL), "auto") == 0
    assert count_gpus(ModelPlace.of("photo"), "auto") == 2
    assert count_gpus(ModelPlace.of("photo"), "cpu") == 0
    with Pool(ProcessEngine(settings(), workers=1)) as pool:
        ((outcome,),) = pool.run([Number(3, poison=False)])
    assert outcome.value == 3
