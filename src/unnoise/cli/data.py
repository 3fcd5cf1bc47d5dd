"""``unnoise data``."""

from pathlib import Path

from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.cli.options import Quiet

app = verb_app("data")


@app.default
def data(
    name: str | None = None,
    /,
    *,
    data_dir: Path | None = None,
    quiet: Quiet = False,
    json: bool = False,
) -> None:
    """List the named datasets and where each was found; with NAME, fetch it if it is missing.

    Datasets that are made from others are listed too; they are made when they are used.

    Parameters
    ----------
    name
        A dataset.
    data_dir
        Where to look first (before $UNNOISE_DATA).
    json
        Print the list as JSON.
    """
    from unnoise.datasets import DATASETS, NAMES, TASKS, find_dataset, load_labelled
    from unnoise.errors import UnknownNameError

    if name is not None and name not in NAMES:
        raise UnknownNameError("dataset", name, NAMES)
    if name is not None and name not in TASKS and find_dataset(name, data_dir=data_dir) is None:
        load_labelled(name, "test", say=speaker(quiet=quiet))
    names = NAMES if name is None else (name,)
    found = {each: find_dataset(each, data_dir=data_dir) for each in names if each not in TASKS}
    if json:
        datasets = {
            each: {"summary": DATASETS[each].summary, "folder": folder and str(folder)}
            for each, folder in found.items()
        }
        tasks = {each: {"summary": TASKS[each].summary} for each in names if each in TASKS}
        print_json(datasets | tasks)
        return
    for each, folder in found.items():
        print(f"{each:<16} {DATASETS[each].summary}")
        print(f"{'':<16} {folder or 'not on this machine; fetched when it is first used'}")
    for each in names:
        if each in TASKS:
            print(f"{each:<16} {TASKS[each].summary}; made when it is used, from {_needs(each)}")


def _needs(task: str) -> str:
    from unnoise.datasets import TASKS

    kind = TASKS[task]
    parts = [*(["mnist"] if kind.digits else []), *(["photos"] if kind.photos else [])]
    return " and ".join(parts) or "nothing"
