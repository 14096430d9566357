"""Owns the pictures of whatever has a saga: sagas and their classes, designs, and what is made of them."""

from __future__ import annotations

from typing import Any

from legend_lab.core.errors import SagaDefinitionError
from legend_lab.lab.subject import named, saga_in
from legend_lab.saga import diagram as pictures
from legend_lab.saga import mermaid
from legend_lab.saga.diagram import Diagram
from legend_lab.saga.saga import Saga


def diagram(saga: object) -> Diagram:
    """Draw a saga, a saga class or a design: steps, undos, blocks, retries, limits, pauses, doubts, effects.

    What is made of one (a Designer, a Debugger, a Workbench, an execution) is drawn as the saga that it has. Of a long
    saga the first and the last steps are drawn, and how many are left out is said. No step and no undo runs.

    Raises:
        SagaDefinitionError: it is none of these, or the saga's class is wrong.
        DesignError: the design has no step.
    """
    return pictures.diagram(_drawn(saga))


def to_mermaid(saga: object) -> str:
    """Write what `diagram` takes as a Mermaid flowchart.

    Solid arrows go forward, dotted ones undo, newest first; blocks are subgraphs. Every text of users is written so
    that it stays text. Of a long saga the middle is left out, as in `diagram`.

    Raises:
        SagaDefinitionError: it is none of these, or the saga's class is wrong.
        DesignError: the design has no step.
    """
    return mermaid.to_mermaid(_drawn(saga))


def _drawn(source: object) -> Saga[Any, Any] | type[Saga[Any, Any]]:
    saga = saga_in(source)
    if saga is None:
        raise SagaDefinitionError(f"what is drawn is a saga, a saga class or a design, not {named(source)}"[:300])
    return saga
