"""Owns a design as JSON: written, read, and refused in words; opening one runs nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from legend_lab.core.errors import DesignError, RecordError
from legend_lab.core.program import RetryPolicy
from legend_lab.core.text import cut, kind_of
from legend_lab.lab.design.model import FORMAT, Design
from legend_lab.runtime.record import is_deeper, read_json

M = TypeVar("M", bound=BaseModel)

MOST_BYTES = 20_000_000
"""Size of a design in JSON that is read."""
DEEPEST_JSON = 100
"""Levels of lists and objects that are read: blocks, and values that steps write."""
_UNKNOWN = "Extra inputs are not permitted"
"""What pydantic says of a key that a model does not have."""
_NO_OBJECT = "Input should be an object"
_RETRIES = "{'max_retries': 3, 'backoff_ms': 100}"
SCHEMA = Path(__file__).with_name("design.schema.json")
"""The JSON schema of the format, as it is published with the package."""


def to_json(design: Design) -> str:
    """A design as JSON, one setting a line; what is as by default is left out."""
    data = {"format": FORMAT, **design.model_dump(mode="json", exclude_defaults=True)}
    return json.dumps(_with_kinds(data), indent=2, ensure_ascii=False) + "\n"


def from_json(text: str | bytes) -> Design:
    """The design that `to_json` wrote.

    Raises:
        DesignError: it is no design, or a wrong one; the message says where and why.
    """
    if not isinstance(text, str | bytes):
        raise DesignError(f"a design is read from text, not from {kind_of(text)}")
    if len(text) > MOST_BYTES:
        raise DesignError(f"a design has at most {MOST_BYTES:,} bytes; this has {len(text):,}")
    try:
        data = read_json(text)
    except RecordError as error:
        raise DesignError(f"this is no design: {error}"[:300]) from None
    if not isinstance(data, dict):
        raise DesignError(f"a design is a JSON object, not {kind_of(data)}")
    if data.get("format") != FORMAT:
        raise DesignError(f"format is {FORMAT!r} in a design; here it is {data.get('format')!r}"[:300])
    if is_deeper(data, DEEPEST_JSON):
        raise DesignError(f"a design nests at most {DEEPEST_JSON} levels deep")
    return checked(Design, data)


def json_schema() -> dict[str, Any]:
    """The JSON schema of the format."""
    schema = Design.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A legend_lab design", **schema}


def checked(model: type[M], data: dict[str, Any]) -> M:
    """`data` as `model`, strictly.

    Raises:
        DesignError: it is none; the message names the place in words.
    """
    try:
        return model.model_validate_json(json.dumps(data, default=_no_json))
    except ValidationError as error:
        raise design_error(error) from None
    except RecursionError:
        raise DesignError("a value is nested too deeply for JSON") from None
    except (TypeError, ValueError) as error:
        raise DesignError(f"a value is none that JSON keeps: {error}"[:300]) from None


def design_error(error: ValidationError) -> DesignError:
    """What pydantic found, said in one sentence a finding, at most three."""
    errors = error.errors(include_url=False, include_input=False)
    found = [sentence(item["loc"], cut(item["msg"], 300)) for item in errors]
    more = [f"and {len(found) - 3} more"] if len(found) > 3 else []  # noqa: PLR2004 - what one reads
    return DesignError("; ".join(found[:3] + more))


def sentence(loc: tuple[int | str, ...], message: str) -> str:
    """What is wrong where, as one says it."""
    place = ".".join(str(item) for item in loc if item not in ("step", "block"))[:120]
    said = "there is no such setting" if message == _UNKNOWN else message.removeprefix("Value error, ")
    if said == _NO_OBJECT and loc[-1:] in (("retries",), ("undo_retries",)):
        said = f"{said}, as in {_RETRIES}"
    return f"{place}: {said}" if place else said


def _no_json(value: object) -> None:
    if isinstance(value, RetryPolicy):
        raise TypeError(f"retries are written as in {_RETRIES}, not as a RetryPolicy")
    kind = f"the class {value.__qualname__}" if isinstance(value, type) else kind_of(value)
    raise TypeError(f"numbers, texts, True, False, None, lists and dicts of them are, not {kind}")


def _with_kinds(data: Any) -> Any:  # noqa: ANN401 - JSON is any
    """The kind of each part is how a reader tells steps from blocks, so it is written though it is a default."""
    if "parts" not in data:
        return data
    parts = [{"kind": "block" if "parts" in part else "step", **_with_kinds(part)} for part in data["parts"]]
    return {**data, "parts": parts}
