"""How much faster do two processes of one thread train than one process of one thread?

Usage: python benchmarks/scale/training.py [--rounds 5] [--seconds 15] [--processes 2]

Both take the same steps on the same batches: the photos of $UNNOISE_DATA (patches, `unet-s`) and
the digits of MNIST (whole images, `unet`), in the default batch of `unnoise train` and in larger
ones. Rounds alternate, so that a slow minute affects both alike; prints medians, and the bytes sent
in a step: every process adds up the gradients of all weights.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe_machine

from unnoise.api.planning import make_plan
from unnoise.assemble import assemble
from unnoise.runs import TrainConfig
from unnoise.training import process_group

WARM_UP = 5  # steps
TASKS = {  # images, noise, batch; the first batch of each is the default
    "photos, unet-s, 8": ("photos/train", "gaussian:0.1", 8),
    "photos, unet-s, 32": ("photos/train", "gaussian:0.1", 32),
    "MNIST, unet, 64": ("mnist", None, 64),
    "MNIST, unet, 512": ("mnist", None, 512),
}


def work(task: str, seconds: float) -> None:
    """Take steps for some time; the first process prints their figures."""
    data, noise, size = TASKS[task]
    path = Path(os.environ["UNNOISE_DATA"]) / data
    config = TrainConfig(
        data=str(path) if noise else data, noise=noise, batch_size=size, steps=100_000
    )
    with process_group(seconds=60) as world:
        assembly = assemble(config, make_plan(config), world=world)
        training, length = assembly.training, assembly.length.steps
        begun = time.perf_counter()
        for _ in range(WARM_UP):
            training.advance(length)
        steps = int(world.agree(seconds * WARM_UP / (time.perf_counter() - begun)))
        times = []
        for _ in range(steps):
            start = time.perf_counter()
            training.advance(length)
            times.append(time.perf_counter() - start)
        median = statistics.median(times)
        sent = sum(w.numel() * w.element_size() for w in training.model.parameters())
        if world.rank == 0:
            facts = {"step": median, "batch": training.batches.size, "bytes": sent}
            print(json.dumps(facts), flush=True)
        training.leave()


def measure(task: str, processes: int, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command += [__file__, "--task", task, "--seconds", str(seconds)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    facts: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--task", choices=list(TASKS), help="used by the processes themselves")
    options = parser.parse_args()
    if options.task:
        work(options.task, options.seconds)
        return
    if not Path(os.environ.get("UNNOISE_DATA", "")).joinpath("photos/train").is_dir():
        sys.exit("set UNNOISE_DATA to the folder with photos/")
    print(describe_machine())
    print(
        f"{'task':<20} {'processes':>9} {'ms a step':>10} {'images/s':>9} {'times':>6} {'sent':>9}"
    )
    for task in TASKS:
        counts = (1, options.processes)
        rounds = [
            [measure(task, n, options.seconds) for n in counts] for _ in range(options.rounds)
        ]
        ratio = statistics.median(one["step"] / many["step"] for one, many in rounds)
        for column, count in enumerate(counts):
            step = statistics.median(facts[column]["step"] for facts in rounds)
            facts = rounds[0][column]
            print(
                f"{task:<20} {count:>9} {1000 * step:>10.1f} {facts['batch'] / step:>9.0f} "
                f"{ratio if column else 1:>6.2f} {facts['bytes'] / 2**20:>5.1f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
