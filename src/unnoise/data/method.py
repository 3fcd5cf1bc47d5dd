"""The choice of an objective that the images allow, with its reason.

Pairs are learned from directly, and a noise makes pairs of clean images. With noisy images alone,
only self-supervised objectives are possible.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Literal

from unnoise.data.assumption import look_closer
from unnoise.data.depth import asked_depth, find_depth
from unnoise.data.names import find_pairs, group_captures, match_pairs
from unnoise.data.parts import Part, agree
from unnoise.data.plan import Plan
from unnoise.data.splitting import numbered
from unnoise.data.survey import Survey
from unnoise.errors import ConfigError, DataError
from unnoise.facts import LEAST_GAIN, Structure
from unnoise.images import RGB
from unnoise.objectives import OBJECTIVES, check_objective, learning_from

AUTO: Literal["auto"] = "auto"
INTERPOLATION = "interpolation"
TIME_AND_DEPTH = "TZ"  # axes along which neighbours might be expected to help
Asked = Structure | Literal["auto"]


def choose_method(
    images: Survey,
    targets: Survey | None,
    *,
    noise: str | None,
    objective: str,
    channels: int | None,
    structure: Asked = AUTO,
    stride: int | None = None,
    sizes: tuple[int, ...] | None = (1,),
) -> Plan:
    """Choose the objective, or check the given one.

    Args:
        images: The images to learn from.
        targets: Their clean versions, or second captures for noise2noise.
        noise: A spec that makes clean images noisy. With targets it is added to the noisy ones.
        objective: A name, or ``auto``.
        channels: 1 or 3 to turn all images to grey or colour.
        structure: Along what noisy images share noise; ``auto`` to look.
        stride: Stride at which noisy images are seen; None to look for a mosaic.
        sizes: How many neighbouring images are seen together, along each axis; None to measure
            whether neighbours help.

    Raises:
        ConfigError: Settings contradict each other.
        DataError: Images do not belong together.
    """
    check_objective(objective)
    if any(part.packed for each in (images, targets) if each for part in each.parts):
        plan = _packed(images, targets, noise, objective)
    elif targets is not None:
        plan = _paired(images, targets, noise, objective)
    elif noise is not None:
        plan = _corrupted(images, noise, objective)
    else:
        plan = _unpaired(images, objective)
    plan = _with_neighbours(plan, objective, sizes)
    if plan.objective != INTERPOLATION:
        plan = _look(plan, objective, structure, stride)
    hints, views = [plan.hint], plan.views
    counts = {part.channels for view in views for part in view}
    if channels is None and counts == {1, RGB} and not plan.packed:
        channels = RGB
        hints.append("there are grey and colour images: all are trained on in colour")
    if noted := [part for part in views[0] if part.notes]:
        more = f", and the like of {len(noted) - 1} more files" if len(noted) > 1 else ""
        hints.append(f"{noted[0].name}: {'; '.join(noted[0].notes)}{more}")
    if channels is not None:
        views = tuple(tuple(part.with_channels(channels) for part in view) for view in views)
    for view in views:
        agree(view, what=f"the images of {plan.name}")
    _check_sizes(views)
    failures = images.failures + (targets.failures if targets else ())
    return replace(plan, views=views, failures=failures, hint=_join(hints))


def _with_neighbours(plan: Plan, objective: str, sizes: tuple[int, ...] | None) -> Plan:
    """Let the model see neighbouring images, as asked or where they help."""
    parts, found = plan.views[0], None
    measured = plan.noisy_only or len(plan.views) > 1  # there is noise in them
    if sizes is not None:
        plan = replace(plan, depth=asked_depth(sizes, parts))
    elif measured and plan.scenes is None:
        found = find_depth(parts)
        if found and (found.helps or objective == INTERPOLATION):
            plan = replace(plan, depth=found.depth)
            together = f"{plan.images} images are seen together (--depth 1 turns this off)"
            plan = replace(plan, reason=_join([plan.reason, f"{found}, so {together}"]))
        elif found and set(found.depth) <= set(TIME_AND_DEPTH):
            said = f"neighbouring images do not help enough ({found}; limit {LEAST_GAIN:.1%})"
            plan = replace(plan, hint=_join([plan.hint, f"{said}: each is seen alone"]))
    if objective == INTERPOLATION and not plan.depth:
        raise ConfigError(
            f"--objective {INTERPOLATION} finds an image from those beside it, and {plan.name} has "
            "no stack of 3 or more images: leave it out; --axes states the axes where a file does "
            "not, and --sequence takes a folder of numbered files as a stack"
        )
    if not (plan.depth and plan.noisy_only and objective in (AUTO, INTERPOLATION)):
        return plan
    if objective == AUTO and found and not found.interpolates:
        said = f"the image itself adds {100 * found.own:.2g} %, so it is seen, too"
        return replace(plan, reason=_join([plan.reason, said]))
    # The noise of pixels may be correlated within an image, so all of them are seen at once.
    return replace(plan, objective=INTERPOLATION, stride=1)


def _look(plan: Plan, objective: str, structure: Asked, stride: int | None) -> Plan:
    """Let the pixels of noisy images decide what the user left open."""
    if not plan.noisy_only:
        return replace(plan, stride=stride)
    if structure == AUTO and objective != AUTO and not OBJECTIVES[objective].finds_structure:
        structure = "none"
    found = look_closer(plan.views[0], structure=structure, stride=stride)
    decided = objective == AUTO or found.stride is not None or found.structure != "none"
    return replace(
        plan,
        objective=found.objective if objective == AUTO else plan.objective,
        reason=_join([plan.reason, found.reason if decided else ""]),
        stride=found.stride if stride is None else stride,
        structure=found.structure if structure == AUTO else structure,
    )


def _join(texts: Sequence[str]) -> str:
    return "; ".join(filter(None, texts))


def _allow(objective: str, allowed: Sequence[str], because: str) -> str:
    """Return the objective, or the default for such images."""
    if objective not in (AUTO, *allowed):
        raise ConfigError(
            f"--objective {objective} does not fit: {because}, which {' or '.join(allowed)} "
            f"{'learns' if len(allowed) == 1 else 'learn'} from; leave --objective out"
        )
    return allowed[0] if objective == AUTO else objective


def _corrupted(images: Survey, noise: str, objective: str) -> Plan:
    chosen = _allow(objective, learning_from("pairs"), "--noise makes pairs of clean images")
    if objective == AUTO and (images.targets or find_pairs([part.name for part in images.parts])):
        raise ConfigError(
            f"{images.name} holds pairs of noisy and clean images, which bring their own noise: "
            "leave --noise out, or name the clean ones alone (their folder, or --array of an "
            "archive); if all images are clean, add --objective supervised"
        )
    reason = f"clean images, made into pairs by --noise {noise}"
    return Plan(images.name, chosen, reason, (images.parts,), noise=noise)


def _packed(images: Survey, targets: Survey | None, noise: str | None, objective: str) -> Plan:
    """Choose for tar shards, where a sample is a pair or a single image."""
    if targets is not None:
        raise ConfigError(
            "--targets does not go with tar shards: put both of a pair into one sample, as "
            "x.noisy.png and x.clean.png, and name the shards alone"
        )
    if images.targets:
        if noise is not None:
            raise ConfigError(
                f"the samples of {images.name} are pairs, which bring their own noise: leave "
                "--noise out, or pack the clean images alone"
            )
        chosen = _allow(objective, learning_from("pairs"), "the samples are pairs")
        reason = "pairs of noisy and clean images, in samples of tar shards"
        return Plan(images.name, chosen, reason, (images.parts, images.targets))
    if noise is not None:
        return _corrupted(images, noise, objective)
    because = "single images in tar shards, without --noise, are noisy ones"
    chosen = _allow(objective, learning_from("noisy"), because)
    return Plan(images.name, chosen, "only noisy images, in tar shards", (images.parts,))


def _paired(images: Survey, targets: Survey, noise: str | None, objective: str) -> Plan:
    chosen = _allow(objective, learning_from("pairs", "captures"), "--targets gives pairs")
    places = {_place(part) for part in images.parts if part.path}
    same = [part for part in targets.parts if part.path and _place(part) in places]
    if same:
        raise DataError(
            f"{same[0].path} is among the noisy images and among the targets: "
            "the two must be different folders; for one folder of x_noisy and x_gt, "
            "pass it once and leave --targets out"
        )
    pairs = match_pairs([p.name for p in images.parts], [p.name for p in targets.parts])
    first = tuple(images.parts[a] for a, _ in pairs)
    second = tuple(targets.parts[b] for _, b in pairs)
    if objective in learning_from("captures"):
        if noise is not None:
            raise ConfigError(
                f"--noise goes with clean targets, and {objective} has none: captures bring their "
                "own noise, so leave --noise out"
            )
        for together in zip(first, second, strict=True):
            _check_alike(together)
        count = sum(part.count for part in first)
        captures = tuple((image, count + image) for image in range(count))
        reason = f"{len(pairs)} scenes with two captures each, by --targets"
        return Plan(images.name, objective, reason, (first + second,), scenes=captures)
    reason = f"{len(pairs)} pairs of noisy and clean files, matched by name"
    if noise is not None:
        reason += f"; --noise {noise} is added to the noisy ones while training"
    return Plan(images.name, chosen, reason, (first, second), noise=noise)


def _place(part: Part) -> Path | str | None:
    return part.path.resolve() if isinstance(part.path, Path) else part.path


def _unpaired(images: Survey, objective: str) -> Plan:
    names = [part.name for part in images.parts]
    pairing = (AUTO, *learning_from("pairs"))
    chosen = pairing[1] if objective == AUTO else objective
    if images.targets and objective in pairing:
        both = images.parts[0], images.targets[0]
        first = [part.file and part.file.options.array for part in both]
        reason = (
            f"{len(images.parts)} pairs of noisy and clean arrays, by their names in archives, "
            f"such as {first[0]} and {first[1]}"
        )
        return Plan(images.name, chosen, reason, (images.parts, images.targets))
    if objective in pairing and (pairs := find_pairs(names)):
        views = tuple(tuple(images.parts[pair[side]] for pair in pairs) for side in (0, 1))
        reason = f"{len(pairs)} pairs of noisy and clean files, found by the words in their names"
        return Plan(images.name, chosen, reason, views)
    if objective in pairing[1:]:
        raise ConfigError(
            f"--objective {objective} needs clean images: pass --targets with the clean ones, or "
            "--noise, such as gaussian:0..0.2, if these are the clean ones"
        )
    groups = group_captures(names)
    if objective in learning_from("captures"):
        return _captures(images, groups, objective)
    hint = ""
    # One group can also be the frames of a series.
    if groups and len(groups) > 1 and len({len(group) for group in groups}) == 1:
        hint = (
            f"the names look like {len(groups)} scenes of several captures: if they are, "
            "--objective noise2noise learns more from them"
        )
    reason = f"--objective {objective}"
    if objective == AUTO:
        objective, reason = learning_from("noisy")[0], "only noisy images: no --targets, no --noise"
    return Plan(images.name, objective, reason, (images.parts,), hint=hint)


def _captures(images: Survey, groups: list[list[int]] | None, objective: str) -> Plan:
    """Make scenes of files that are captures, or of the images within each file."""
    parts = images.parts
    scenes = numbered([part.count for part in parts])
    if groups is not None and any(part.count == 1 for part in parts):
        for group in groups:
            _check_alike([parts[i] for i in group])
        together = (zip(*(scenes[i] for i in group), strict=True) for group in groups)
        scenes = tuple(chain.from_iterable(together))
    elif any(part.count == 1 for part in parts):
        raise DataError(
            f"{images.name} shows no captures of one scene, which --objective {objective} needs: "
            "name them X_1, X_2, …, put those of a scene into a subfolder or a stack of its own, "
            "or pass the second captures as --targets"
        )
    reason = f"--objective {objective}, {len(scenes)} scenes of {len(scenes[0])} captures"
    return Plan(images.name, objective, reason, (parts,), scenes=scenes)


def _check_alike(parts: Sequence[Part]) -> None:
    for part in parts[1:]:
        ours, theirs = ((p.count, p.height, p.width) for p in (parts[0], part))
        if ours != theirs:
            raise DataError(
                f"{parts[0].name} and {part.name} belong together by their names, but the first "
                f"is {parts[0].count} × {parts[0].describe()} and the second {part.count} × "
                f"{part.describe()}: they must be of one size"
            )


def _check_sizes(views: Sequence[Sequence[Part]]) -> None:
    for together in zip(*views, strict=True):
        _check_alike(together)
    if len(views) == 2 and views[0][0].channels != views[1][0].channels:
        raise DataError(
            f"the noisy images have {views[0][0].channels} channels and the clean ones "
            f"{views[1][0].channels}: pass --channels 1 to turn all to grey, --channels 3 to colour"
        )
