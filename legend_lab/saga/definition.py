"""Owns what steps and sagas share as classes: a metaclass that reports what is wrong, and the marker of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.errors import PydanticUserError

from legend_lab.core.errors import SagaDefinitionError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass

    from legend_lab.runtime.shape import Shape
else:
    ModelMetaclass = type(BaseModel)

SETTINGS = (
    "retry_policy",
    "compensation_retry_policy",
    "timeout_s",
    "compensate_on_failure",
    "uncertain_on",
    "idempotent",
)
"""Class-level settings of a step."""


class DefinitionMeta(ModelMetaclass):
    """Turns what pydantic says of a wrong class into a `SagaDefinitionError` that names it."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Any:  # noqa: ANN401
        """Make the class.

        Raises:
            SagaDefinitionError: it is wrong as written.
        """
        for base in bases:
            check = getattr(base, "__legend_check__", None)
            if check is not None:
                check(name, namespace)
                break
        try:
            return super().__new__(mcs, name, bases, namespace, **kwargs)
        except (PydanticUserError, NameError) as error:
            raise SagaDefinitionError(f"{name}: {str(error).splitlines()[0]}") from error


class Definition(BaseModel, metaclass=DefinitionMeta):
    """A frozen model that is a part of a saga."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:  # noqa: ANN401 - pydantic's own
        """Accept `abstract=True` on classes that are only a base for others."""
        super().__init_subclass__(**kwargs)


class Block(Definition):
    """What a saga is as a part of another: a model whose fields are steps and blocks.

    `__legend_shapes__` keeps what was compiled for each combination of step classes (None until the class is checked),
    `__legend_nests__` says whether a field may be a block.
    """

    __slots__ = ("_compiled",)  # a slot, because `model_copy` copies everything else

    on_compensation_failure: ClassVar[Any] = "continue"
    __legend_shapes__: ClassVar[dict[Any, Shape] | None] = None
    __legend_nests__: ClassVar[bool]


def declared_names(namespace: dict[str, Any]) -> list[str]:
    """Names that a class body annotates as fields."""
    return [name for name, form in namespace.get("__annotations__", {}).items() if "ClassVar" not in str(form)]
