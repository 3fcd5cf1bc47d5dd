"""Two hosts train, one is cut off, both continue: do they end with the weights of undisturbed ones?

Usage: sudo python benchmarks/scale/hosts.py [--steps 600] [--timeout 10]

The hosts are two network namespaces of this machine with a virtual link between them (iproute2, so
it needs root): the processes are connected by this link only. One run is left alone. In another one
the link is cut after a checkpoint; each process must end within its time-out, with an error that
states the reason. The link is restored, the run resumed, and the weights of both runs are compared.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe_machine

from unnoise.runs import read_model_file

NAMES = ("unnoise-a", "unnoise-b")
ADDRESSES = ("10.77.0.1", "10.77.0.2")
LINKS = ("unn-a", "unn-b")
PORT = "29517"
IP = shutil.which("ip") or sys.exit("this benchmark needs the command ip, from iproute2")
SLACK = 30.0  # seconds for start, torchrun and the end of a process


def ip(*arguments: str, check: bool = True) -> None:
    subprocess.run([IP, *arguments], check=check, stderr=None if check else subprocess.DEVNULL)


def build_hosts() -> None:
    remove_hosts()
    for name in NAMES:
        ip("netns", "add", name)
    ip("link", "add", LINKS[0], "type", "veth", "peer", "name", LINKS[1])
    for name, link, address in zip(NAMES, LINKS, ADDRESSES, strict=True):
        ip("link", "set", link, "netns", name)
        ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "link", "set", link, "up")


def remove_hosts() -> None:
    for name in NAMES:
        ip("netns", "del", name, check=False)


def start(host: int, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start torchrun on a host, whose processes train together with the other host."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2"]
    launch += ["--node-rank", str(host), "--nproc-per-node", "1"]
    launch += ["--master-addr", ADDRESSES[0], "--master-port", PORT, "-m", "unnoise", "train"]
    environment = os.environ | {"GLOO_SOCKET_IFNAME": LINKS[host], "OMP_NUM_THREADS": "1"}
    with log.open("wb") as file:
        return subprocess.Popen(
            [IP, "netns", "exec", NAMES[host], *launch, *arguments],
            stdout=file,
            stderr=file,
            env=environment,
        )


def wait(processes: list[subprocess.Popen[bytes]], seconds: float) -> list[float | None]:
    """Return the seconds after which each ended; None if it did not."""
    begun = time.monotonic()
    ended: list[float | None] = [None] * len(processes)
    while None in ended and time.monotonic() - begun < seconds:
        for number, process in enumerate(processes):
            if ended[number] is None and process.poll() is not None:
                ended[number] = time.monotonic() - begun
        time.sleep(0.1)
    for process in processes:
        process.kill()
        process.wait()
    return ended


def said(log: Path) -> str:
    lines = [line for line in log.read_text().splitlines() if line.startswith("unnoise: ")]
    return lines[-1] if lines else f"nothing of unnoise:\n{log.read_text()[-2000:]}"


def train(folder: Path, name: str, arguments: list[str]) -> tuple[list[float | None], list[Path]]:
    logs = [folder / f"{name}-{host}.log" for host in (0, 1)]
    hosts = [start(host, arguments, logs[host]) for host in (0, 1)]
    ended = wait(hosts, 600)
    for process, log in zip(hosts, logs, strict=True):
        if process.returncode:
            sys.exit(f"{name} failed:\n{log.read_text()[-3000:]}")
    return ended, logs


def cut_off(folder: Path, arguments: list[str], out: Path, timeout: float) -> None:
    """Cut the link in the middle of a run; print how each process ends."""
    logs = [folder / f"cut-{host}.log" for host in (0, 1)]
    hosts = [start(host, arguments, logs[host]) for host in (0, 1)]
    while not (out / "metrics.csv").is_file():
        if any(process.poll() is not None for process in hosts):
            sys.exit("the run ended before its first validation:\n" + logs[0].read_text()[-3000:])
        time.sleep(0.05)
    time.sleep(1)
    ip("-n", NAMES[1], "link", "set", LINKS[1], "down")
    print(f"link cut after the validation at step {last_step(out)}")
    for host, seconds in enumerate(wait(hosts, timeout + SLACK)):
        ended = "did not end" if seconds is None else f"ended after {seconds:.1f} s"
        print(f"host {host} {ended}, status {hosts[host].returncode}: {said(logs[host])}")
    ip("-n", NAMES[1], "link", "set", LINKS[1], "up")


def last_step(out: Path) -> str:
    return (out / "metrics.csv").read_text().splitlines()[-1].split(",")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--timeout", type=float, default=10.0)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        whole, cut = folder / "undisturbed", folder / "cut"
        settings = ["digits", "--steps", str(options.steps), "--precision", "fp32"]
        settings += ["--timeout", str(options.timeout)]
        build_hosts()
        try:
            ended, _ = train(folder, "undisturbed", [*settings, "--out", str(whole)])
            print(f"undisturbed run of {options.steps} steps: {max(filter(None, ended)):.1f} s")
            cut_off(folder, [*settings, "--out", str(cut)], cut, options.timeout)
            resume = ["--resume", "--timeout", str(options.timeout), "--out", str(cut)]
            _, logs = train(folder, "resumed", resume)
            going = [line for line in logs[0].read_text().splitlines() if "going on" in line]
            print(f"resumed: {going[0] if going else 'nothing said'}")
        finally:
            remove_hosts()
        wanted, weights = (read_model_file(run / "model.safetensors")[1] for run in (whole, cut))
        equal = all(torch.equal(weights[name], wanted[name]) for name in wanted)
        print(f"final weights equal to the bit: {'yes' if equal else 'NO'}")
        sys.exit(not equal)


if __name__ == "__main__":
    main()
