"""legend_lab: a strict, composable saga engine inside a Jupyter workbench.

The names below are the public API. Importing the package loads neither pandas, plotly, ipywidgets, anywidget nor
SQLAlchemy; the names that need one of them load it when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from legend_lab.core.effects import EffectOperation
from legend_lab.core.errors import (
    AbortedError,
    AlreadyClaimedError,
    BackendError,
    ClockError,
    ContextCopyError,
    ContextRecordError,
    CorruptRecordError,
    DesignError,
    EffectError,
    EmptySagaError,
    ExecutionConsumedError,
    ExecutionFinishedError,
    ExecutionRunningError,
    FaultPlanError,
    InjectedConnectionError,
    InjectedError,
    LegendError,
    NotFoundError,
    NotPausedError,
    OutsideRunError,
    ProtocolError,
    RecordError,
    RecordVersionError,
    ResourceError,
    SagaDefinitionError,
    SagaMismatchError,
    SimulatedCrash,
    SourceError,
    StaleClaimError,
    StepTimeoutError,
    StoredError,
    StoreError,
    StrictOutcomeError,
    UnexpectedError,
)
from legend_lab.core.instructions import CompensationOutcome, ExecutionPhase, StepOutcome
from legend_lab.core.journal import Entry, Journal
from legend_lab.core.program import Program, RetryPolicy, StepSpec
from legend_lab.core.state import ExecutionState, StepStatus, StepTiming
from legend_lab.runtime import effects
from legend_lab.runtime.clocks import Clock, SystemClock, VirtualClock
from legend_lab.runtime.current import attempt, idempotency_key, pass_time, resources
from legend_lab.runtime.executions import (
    CompensationFailed,
    Completed,
    ExecutionResult,
    Failed,
    FailedUndo,
    New,
    Paused,
)
from legend_lab.runtime.faults import Fault, FaultKind, FaultPlan
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.observers import LoggingObserver, Observer, RunEvent
from legend_lab.runtime.store import Claim, PausedRecord, Store
from legend_lab.runtime.sync import run
from legend_lab.saga.functions import step
from legend_lab.saga.saga import Saga
from legend_lab.saga.services import SimulatedService
from legend_lab.saga.simulated import SimulatedStep
from legend_lab.saga.simulation import simulate
from legend_lab.saga.step import Step

if TYPE_CHECKING:
    from legend_lab.lab.breakpoints import Breakpoint, BreakpointError, StopReason
    from legend_lab.lab.charts import gantt
    from legend_lab.lab.comparison import compare
    from legend_lab.lab.conditions import ConditionError
    from legend_lab.lab.debugger import Debugger
    from legend_lab.lab.design.drafts import Draft, draft
    from legend_lab.lab.design.model import Design
    from legend_lab.lab.drawing import diagram, to_mermaid
    from legend_lab.lab.editing import EditError
    from legend_lab.lab.frames import timings_frame
    from legend_lab.lab.ledger import Effect, EffectState, Ledger, ledger
    from legend_lab.lab.lint.canvas import Canvas, canvas
    from legend_lab.lab.lint.findings import Findings, LintError, LintFinding
    from legend_lab.lab.lint.linting import lint
    from legend_lab.lab.recording import Recording
    from legend_lab.saga.diagram import Diagram
    from legend_lab.stores.memory import InMemoryStore
    from legend_lab.stores.sql import SqlStore
    from legend_lab.ui.designer import Designer
    from legend_lab.ui.page import to_html
    from legend_lab.ui.workbench import Workbench

_LAZY = {
    "Breakpoint": "legend_lab.lab.breakpoints",
    "BreakpointError": "legend_lab.lab.breakpoints",
    "Canvas": "legend_lab.lab.lint.canvas",
    "ConditionError": "legend_lab.lab.conditions",
    "Debugger": "legend_lab.lab.debugger",
    "Recording": "legend_lab.lab.recording",
    "Design": "legend_lab.lab.design.model",
    "Designer": "legend_lab.ui.designer",
    "Draft": "legend_lab.lab.design.drafts",
    "EditError": "legend_lab.lab.editing",
    "Diagram": "legend_lab.saga.diagram",
    "Effect": "legend_lab.lab.ledger",
    "EffectState": "legend_lab.lab.ledger",
    "Findings": "legend_lab.lab.lint.findings",
    "InMemoryStore": "legend_lab.stores.memory",
    "Ledger": "legend_lab.lab.ledger",
    "LintError": "legend_lab.lab.lint.findings",
    "LintFinding": "legend_lab.lab.lint.findings",
    "SqlStore": "legend_lab.stores.sql",
    "StopReason": "legend_lab.lab.breakpoints",
    "Workbench": "legend_lab.ui.workbench",
    "canvas": "legend_lab.lab.lint.canvas",
    "compare": "legend_lab.lab.comparison",
    "diagram": "legend_lab.lab.drawing",
    "draft": "legend_lab.lab.design.drafts",
    "gantt": "legend_lab.lab.charts",
    "ledger": "legend_lab.lab.ledger",
    "lint": "legend_lab.lab.lint.linting",
    "timings_frame": "legend_lab.lab.frames",
    "to_mermaid": "legend_lab.lab.drawing",
    "to_html": "legend_lab.ui.page",
}
"""Where the names live that load more than a run needs: a heavy library, or the lab."""

__version__ = "0.1.0"


if not TYPE_CHECKING:  # or any name at all would be right to a type checker

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
        if name not in _LAZY:
            raise AttributeError(f"module 'legend_lab' has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - only when asked

        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


__all__ = [
    "AbortedError",
    "AlreadyClaimedError",
    "BackendError",
    "Breakpoint",
    "BreakpointError",
    "Canvas",
    "Claim",
    "Clock",
    "ClockError",
    "CompensationFailed",
    "CompensationOutcome",
    "Completed",
    "ConditionError",
    "ContextCopyError",
    "ContextRecordError",
    "CorruptRecordError",
    "Debugger",
    "Design",
    "DesignError",
    "Designer",
    "Diagram",
    "Draft",
    "EditError",
    "Effect",
    "EffectError",
    "EffectOperation",
    "EffectState",
    "EmptySagaError",
    "Entry",
    "ExecutionConsumedError",
    "ExecutionFinishedError",
    "ExecutionId",
    "ExecutionPhase",
    "ExecutionResult",
    "ExecutionRunningError",
    "ExecutionState",
    "Failed",
    "FailedUndo",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "FaultPlanError",
    "Findings",
    "InMemoryStore",
    "InjectedConnectionError",
    "InjectedError",
    "Journal",
    "Ledger",
    "LegendError",
    "LintError",
    "LintFinding",
    "LoggingObserver",
    "New",
    "NotFoundError",
    "NotPausedError",
    "Observer",
    "OutsideRunError",
    "Paused",
    "PausedRecord",
    "Program",
    "ProtocolError",
    "RecordError",
    "RecordVersionError",
    "Recording",
    "ResourceError",
    "RetryPolicy",
    "RunEvent",
    "Saga",
    "SagaDefinitionError",
    "SagaMismatchError",
    "SimulatedCrash",
    "SimulatedService",
    "SimulatedStep",
    "SourceError",
    "SqlStore",
    "StaleClaimError",
    "Step",
    "StepOutcome",
    "StepSpec",
    "StepStatus",
    "StepTimeoutError",
    "StepTiming",
    "StopReason",
    "Store",
    "StoreError",
    "StoredError",
    "StrictOutcomeError",
    "SystemClock",
    "UnexpectedError",
    "VirtualClock",
    "Workbench",
    "attempt",
    "canvas",
    "compare",
    "diagram",
    "draft",
    "effects",
    "gantt",
    "idempotency_key",
    "ledger",
    "lint",
    "pass_time",
    "resources",
    "run",
    "simulate",
    "step",
    "timings_frame",
    "to_html",
    "to_mermaid",
]
