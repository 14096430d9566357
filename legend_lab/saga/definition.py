"""Owns what steps and sagas share as classes: a metaclass that reports what is wrong, and the marker of a block."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, dataclass_transform, get_origin

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.errors import PydanticUserError

from legend_lab.core.errors import SagaDefinitionError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass

    from legend_lab.runtime.shape import Shape
else:
    ModelMetaclass = type(BaseModel)

C_contra = TypeVar("C_contra", contravariant=True)

SETTINGS = (
    "retry_policy",
    "compensation_retry_policy",
    "timeout_s",
    "compensate_on_failure",
    "uncertain_on",
    "idempotent",
)
"""Class-level settings of a step."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field, PrivateAttr))
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
            if _NAMES_OF_CLASSES.isdisjoint(namespace.get("__annotations__", ())):
                return _made(mcs, name, bases, namespace, **kwargs)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Field name .* shadows an attribute in parent")
                return _made(mcs, name, bases, namespace, **kwargs)
        except PydanticUserError as error:
            if error.code == "model-field-missing-annotation":
                raise SagaDefinitionError(
                    f"{name}: {_quoted(error)} is a field without a type, or no setting; "
                    f"the settings of a step are {', '.join(SETTINGS)}"
                ) from error
            raise SagaDefinitionError(f"{name}: {str(error).splitlines()[0]}") from error
        except NameError as error:
            raise SagaDefinitionError(f"{name}: {error}") from error


def _made(*__parts: Any, **__settings: Any) -> Any:  # noqa: ANN401 - as pydantic has it
    """The class. pydantic looks for types among the variables of who calls it: none of these is called like a type."""
    return ModelMetaclass.__new__(*__parts, **__settings)


class _Unresolved:
    """Stands for the validator of a class with forward references, and makes the real one when first used."""

    def __init__(self, cls: type[BaseModel]) -> None:
        self._cls = cls

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the validator has
        if name.startswith("__"):
            raise AttributeError(name)
        resolve(self._cls, depth=4)  # this, the model's __init__ or model_validate, and who called it
        return getattr(self._cls.__pydantic_validator__, name)


def resolve(cls: type[BaseModel], *, depth: int = 2) -> None:
    """Resolve the forward references of a class, if it still has any.

    Raises:
        SagaDefinitionError: a name is still unknown.
    """
    try:
        cls.model_rebuild(raise_errors=True, _parent_namespace_depth=depth + 1)
    except (PydanticUserError, NameError) as error:
        cls.__pydantic_validator__ = _Unresolved(cls)  # type: ignore[assignment] # pydantic has put its own there
        raise SagaDefinitionError(f"{display(cls)}: {str(error).splitlines()[0]}") from error


_NAMES_OF_CLASSES = frozenset({"mro", "register"})
"""Attributes that classes have and instances lack; pydantic warns of such fields, needlessly."""


class Definition(BaseModel, metaclass=DefinitionMeta):
    """A frozen model that is a part of a saga.

    `__legend_tag__` is what records call a class whose qualified name says something else.
    """

    __legend_tag__: ClassVar[str | None] = None

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, protected_namespaces=())

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:  # noqa: ANN401 - pydantic's own
        """Accept `abstract=True` on classes that are only a base for others."""
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:  # noqa: ANN401 - pydantic's own
        """Let a class that names what is not known yet look again when it is first used."""
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.__pydantic_complete__ and cls.__pydantic_generic_metadata__["origin"] is None:
            cls.__pydantic_validator__ = _Unresolved(cls)  # type: ignore[assignment] # it becomes one when asked


if TYPE_CHECKING:

    class Part(Definition, Generic[C_contra]):
        """What a step or saga is to type checkers: something that works on a context of this type."""

else:

    class Part:
        """A base that is gone once a class is made; only type checkers need it, to join steps and blocks."""

        def __class_getitem__(cls, form: Any) -> Part:  # noqa: ANN401 - any type form
            return cls()

        def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
            return ()


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
    return [name for name, form in namespace.get("__annotations__", {}).items() if not _is_class_variable(form)]


def _is_class_variable(form: Any) -> bool:  # noqa: ANN401 - any type form, or its text
    if isinstance(form, str):
        return re.match(r"(\w+\.)*ClassVar\b", form.strip("\"' ")) is not None
    return form is ClassVar or get_origin(form) is ClassVar


def _quoted(error: PydanticUserError) -> str:
    found = re.search(r"`(\w+)", str(error))
    return repr(found[1]) if found else "something"


def display(form: Any) -> str:  # noqa: ANN401 - any type form
    """A type as a person writes it."""
    if get_origin(form) is not None or not isinstance(form, type):
        return re.sub(r"(\w+\.)*(<locals>\.)?(?=\w)", "", str(form))
    tag: str = form.__dict__.get("__legend_tag__") or form.__qualname__
    return tag.rpartition("<locals>.")[2]
