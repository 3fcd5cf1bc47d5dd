"""``unnoise data``."""

from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.cli.options import DataDir, Json, Quiet

app = verb_app("data")


@app.default
def data(
    name: str | None = None,
    /,
    *,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """List the named datasets and where each was found; with NAME, fetch it if it is missing.

    Datasets that are made from others are listed too; they are made when they are used.

    Parameters
    ----------
    name
        A dataset.
    """
    from unnoise.datasets import DATASETS, NAMES, TASKS, find_dataset, load_labelled
    from unnoise.errors import UnknownNameError

    if name is not None and name not in NAMES:
        raise UnknownNameError("dataset", name, NAMES)
    if name is not None and name not in TASKS and find_dataset(name, data_dir=data_dir) is None:
        load_labelled(name, "test", say=speaker(quiet=quiet))
    names = NAMES if name is None else (name,)
    found = {each: find_dataset(each, data_dir=data_dir) for each in names if each not in TASKS}
    tasks = {each: TASKS[each] for each in names if each in TASKS}
    if json:
        datasets = {
            each: {"summary": DATASETS[each].summary, "folder": folder}
            for each, folder in found.items()
        }
        print_json(datasets | {each: {"summary": task.summary} for each, task in tasks.items()})
        return
    for each, folder in found.items():
        print(f"{each:<16} {DATASETS[each].summary}")
        print(f"{'':<16} {folder or 'not on this machine; fetched when it is first used'}")
    for each, task in tasks.items():
        sources = {"mnist": task.digits, "photos": task.photos}
        needs = " and ".join(name for name, used in sources.items() if used) or "nothing"
        print(f"{each:<16} {task.summary}; made when it is used, from {needs}")
