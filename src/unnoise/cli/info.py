"""``unnoise info``."""

from unnoise.cli.console import print_json, verb_app

app = verb_app("info")


@app.default
def info(model: str, /, *, json: bool = False) -> None:
    """Describe a model by its file.

    Parameters
    ----------
    model
        A model file, a run folder, or photo or fluorescence, which come with unnoise.
    json
        Print it as JSON.
    """
    from unnoise.api.denoising import load
    from unnoise.denoiser.description import in_words

    facts = load(model, device="cpu").describe()
    if json:
        print_json(facts)
        return
    for label, text in in_words(facts).items():
        print(f"{label:<18} {text}")
