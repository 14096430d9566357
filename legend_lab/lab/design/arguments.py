"""Owns how the arguments of an edit are checked: one of another type is refused in words, before anything is done."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from pydantic import ConfigDict, ValidationError, validate_call

from legend_lab.core.errors import DesignError
from legend_lab.core.text import kind_of
from legend_lab.lab.design.files import sentence
from legend_lab.lab.design.model import Design

P = ParamSpec("P")
R = TypeVar("R")


def refusing(edit: Callable[Concatenate[Design, P], R]) -> Callable[Concatenate[Design, P], R]:
    """The same edit, which takes a design and what its annotations say, and nothing else.

    Raises:
        DesignError: (when it is called) arguments are missing, of another type, or not known; the message names them.
    """
    names = list(inspect.signature(edit).parameters)
    checked = validate_call(config=ConfigDict(strict=True))(edit)

    @wraps(edit)
    def call(design: Design, /, *args: P.args, **settings: P.kwargs) -> R:
        if not isinstance(design, Design):  # pydantic would make one of a dict
            raise DesignError(f"{edit.__name__}: what is edited is a Design, not {kind_of(design)}")
        try:
            return checked(design, *args, **settings)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            at, *inside = first["loc"]
            name = names[at] if isinstance(at, int) and at < len(names) else at
            raise DesignError(f"{edit.__name__}: {sentence((name, *inside), first['msg'])}"[:300]) from None

    return call
