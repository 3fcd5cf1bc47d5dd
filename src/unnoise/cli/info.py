"""``unnoise info``."""

from unnoise.cli.console import print_json, verb_app

app = verb_app("info")


@app.default
def info(model: str, /, *, json: bool = False) -> None:
    """Tell what a model file says about its model.

    Parameters
    ----------
    model
        A model file, a run folder, or photo, which comes with unnoise.
    json
        Print it as JSON.
    """
    from unnoise import api

    facts = api.load(model, device="cpu").describe()
    if json:
        print_json(facts)
        return
    trained = facts.pop("trained")
    for name, value in {**facts, **{f"trained {key}": trained[key] for key in trained}}.items():
        print(f"{name.replace('_', ' '):<20} {value}")
