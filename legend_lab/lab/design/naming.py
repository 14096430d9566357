"""Owns what the classes of a design are called in code."""

from __future__ import annotations

import builtins
import keyword
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from legend_lab.lab.design.model import Design

CONTEXT = "Context"
"""What the name of the context's class ends in, after the saga's name."""

RESERVED_CLASSES = frozenset(
    {
        "CompensationOutcome",
        "InjectedConnectionError",
        "InjectedError",
        "RetryPolicy",
        "Saga",
        "Step",
        "StepOutcome",
        "VirtualClock",
    }
) | {name for name in dir(builtins) if not name.startswith("_")}
"""Names that the code needs for something else."""


def class_names(design: Design) -> dict[str, str]:
    """The class of every step and block by its path, and of the saga itself at the path "".

    A class is called as the design says; else as its step in CapWords, after its block where another is called so.
    """
    parts = design.all_parts
    short = {path: part.class_name or cap_words(part.name) for path, part in parts.items()}
    taken: dict[str, int] = {}
    for name in (design.name, design.name + CONTEXT, *short.values(), *RESERVED_CLASSES):
        taken[name] = taken.get(name, 0) + 1
    named = {"": design.name}
    for path, part in parts.items():
        unique = part.class_name is not None or taken[short[path]] == 1
        named[path] = short[path] if unique else "".join(map(cap_words, path.split(".")))
    return _told_apart(named, fixed={path for path, part in parts.items() if part.class_name is not None} | {""})


def cap_words(name: str) -> str:
    """`reserve_funds` as `ReserveFunds`; a name without small letters to begin with stays readable."""
    words = "".join(word[:1].upper() + word[1:] for word in name.split("_") if word)
    return f"{words}_" if keyword.iskeyword(words) else words


def _told_apart(named: dict[str, str], fixed: set[str]) -> dict[str, str]:
    """The same names, with a number behind those that are still taken."""
    used = {named[path] for path in fixed} | set(RESERVED_CLASSES) | {named[""] + CONTEXT}
    used |= {path.rpartition(".")[2] for path in named}  # a step called like a class would hide it in its saga
    apart: dict[str, str] = {}
    for path, name in named.items():
        chosen, number = name, 2
        while path not in fixed and chosen in used:
            chosen, number = f"{name}{number}", number + 1
        used.add(chosen)
        apart[path] = chosen
    return apart
