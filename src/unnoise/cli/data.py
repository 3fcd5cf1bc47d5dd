"""``unnoise data``."""

from pathlib import Path

from unnoise.cli.console import print_json, speaker, verb_app

app = verb_app("data")


@app.default
def data(
    name: str | None = None,
    /,
    *,
    data_dir: Path | None = None,
    quiet: bool = False,
    json: bool = False,
) -> None:
    """List the named datasets and where each was found; with NAME, fetch it if it is missing.

    Parameters
    ----------
    name
        A dataset.
    data_dir
        Where to look first (before $UNNOISE_DATA).
    quiet
        No messages but errors.
    json
        Print the list as JSON.
    """
    from unnoise.data import DATASETS, find_dataset, load_named

    if name is not None and find_dataset(name, data_dir=data_dir) is None:
        load_named(name, "test", say=speaker(quiet=quiet))
    names = DATASETS if name is None else [name]
    found = {each: find_dataset(each, data_dir=data_dir) for each in names}
    if json:
        print_json(
            {
                each: {"summary": DATASETS[each].summary, "folder": folder and str(folder)}
                for each, folder in found.items()
            }
        )
        return
    for each, folder in found.items():
        print(f"{each:<14} {DATASETS[each].summary}")
        print(f"{'':<14} {folder or 'not on this machine; fetched when it is first used'}")
