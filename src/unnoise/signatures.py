"""Fields of a dataclass that a function takes as ``**options``, in ``help`` and in editors."""

import inspect
import re
from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

Function = TypeVar("Function", bound=Callable[..., Any])


def takes_fields(
    options: type, *, without: Collection[str] = (), optional: bool = False
) -> Callable[[Function], Function]:
    """Show the fields of a dataclass in the signature and the docstring of a function.

    In the signature, they stand in place of its last parameter, ``**options``. Fields that are
    parameters of their own are not added.

    Args:
        options: The dataclass. Its docstring explains each field in a section of numpydoc.
        without: Fields that the function does not take.
        optional: Whether None, the default of each, means that it is left out.
    """

    def show(function: Function) -> Function:
        own = inspect.signature(function)
        types = get_type_hints(options)
        named = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None if optional else field.default,
                annotation=types[field.name] | None if optional else types[field.name],
            )
            for field in fields(options)
            if field.name not in own.parameters and field.name not in without
        ]
        explained = inspect.getdoc(options) or ""
        for name in without:
            explained = re.sub(rf"^{name}\n(    .*\n?)+", "", explained, flags=re.MULTILINE)
        function.__doc__ = f"{inspect.getdoc(function)}\n\n{explained.rstrip()}"
        before = list(own.parameters.values())[:-1]
        vars(function)["__signature__"] = own.replace(parameters=[*before, *named])
        return function

    return show
