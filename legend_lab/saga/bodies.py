"""Owns what can be told of a method by its bytecode: whether it does nothing, whether it may pause.

That is at hand also where the source is not. What else a method does, `lab/lint/looking.py` reads from the source.
"""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType
from typing import Any

from legend_lab.core.instructions import CompensationOutcome

BODY = "__legend_body__"
"""Attribute of a method that `@step` made: the function that a person wrote for it."""

_IDLE = frozenset(
    {
        "CACHE", "CALL_INTRINSIC_1", "COPY_FREE_VARS", "LOAD_ATTR", "LOAD_CONST", "LOAD_DEREF", "LOAD_FAST",
        "LOAD_GLOBAL", "NOP", "POP_TOP", "RERAISE", "RESUME", "RETURN_CONST", "RETURN_GENERATOR", "RETURN_VALUE",
        "STORE_FAST",
    }
)  # fmt: skip
"""Bytecodes that call nothing and change nothing outside their own frame (3.11 to 3.13)."""


def body_of(method: Any) -> Any:  # noqa: ANN401 - a function, or what stands for one
    """The function that a person wrote: the method itself, or what `@step` made it from."""
    return getattr(method, "__dict__", {}).get(BODY, method)


def does_nothing(method: Any) -> bool:  # noqa: ANN401 - as above
    """Whether all its code does is to return `COMPLETED`; False where that cannot be told."""
    function = body_of(method)
    code = getattr(function, "__code__", None)
    return isinstance(code, CodeType) and _is_idle(code) and _ends_with_completed(function, code)


def may_pause(method: Any) -> bool:  # noqa: ANN401 - as above
    """Whether its own code names `PAUSE`; what it calls is not looked into."""
    code = getattr(body_of(method), "__code__", None)
    return isinstance(code, CodeType) and "PAUSE" in code.co_names


@lru_cache(maxsize=1_024)
def _is_idle(code: CodeType) -> bool:
    return all(item.opname in _IDLE for item in dis.get_instructions(code))


def _ends_with_completed(function: Any, code: CodeType) -> bool:  # noqa: ANN401 - as above
    """Whether the last name in it is the outcome, as its class or the module calls it."""
    name = code.co_names[-1] if code.co_names else ""
    return name == "COMPLETED" or getattr(function, "__globals__", {}).get(name) is CompensationOutcome.COMPLETED
