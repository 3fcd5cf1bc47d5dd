"""``unnoise info``."""

from unnoise.cli.console import print_json, verb_app
from unnoise.cli.options import Json, Model

app = verb_app("info")


@app.default
def info(model: Model, /, *, json: Json = False) -> None:
    """Describe a model by its file."""
    from unnoise.api.denoising import load
    from unnoise.denoiser.description import in_words

    facts = load(model, device="cpu").describe()
    if json:
        print_json(facts)
        return
    for label, text in in_words(facts).items():
        print(f"{label:<18} {text}")
