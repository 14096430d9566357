"""Owns `run`, the door from synchronous code (scripts, cells) to everything that is awaited."""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
from collections.abc import Awaitable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from legend_lab.core.errors import LegendError
from legend_lab.core.text import kind_of

T = TypeVar("T")


def run(awaitable: Awaitable[T]) -> T:
    """Return what `awaitable` gives, or raise what it raises, from code that cannot await.

    With no loop running it makes one and closes it at the end, as `asyncio.run` does. Inside a running loop (a cell in
    Jupyter) it turns that loop, made re-entrant by nest_asyncio2 on the first call; everything else on it goes on.

    An interrupt (Ctrl-C, Stop in Jupyter) cancels the awaited, lets it clean up, and is then raised. A second one while
    that takes too long gets out at once.

    Raises:
        LegendError: the running loop is none that can be made re-entrant (uvloop, for one); await there instead.
        TypeError: there is nothing to await, as when an execution was built and not started.
    """
    if not inspect.isawaitable(awaitable):
        hint = "; start it: run(saga.build(ctx).start())" if hasattr(awaitable, "start") else ""
        raise TypeError(f"run() takes something to await, not {kind_of(awaitable)}{hint}")
    loop = asyncio._get_running_loop()  # noqa: SLF001 - documented for code that deals with loops
    if loop is not None:
        _make_reentrant(loop, awaitable)
        return _turn(loop, loop.create_task(_await(awaitable)))
    loop = asyncio.new_event_loop()
    task = loop.create_task(_await(awaitable))
    try:
        return _turn(loop, task)
    finally:
        _shut_down(loop, in_order=task.done())


async def _await(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _turn(loop: asyncio.AbstractEventLoop, task: asyncio.Task[T]) -> T:
    """Turn `loop` until `task` is done; whatever gets in between cancels the task, waits for it and is raised."""
    with _Interrupts(loop, task) as interrupts:
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError as cancelled:
            if interrupts.count > 0 and task.uncancel() == 0:
                raise KeyboardInterrupt from cancelled  # which shows where it stood
            raise
        except BaseException:
            if task.done():
                _mark_seen(task)
            else:
                task.cancel()
                if interrupts.count < 2:  # noqa: PLR2004 - at the second it has had its chance to clean up
                    with suppress(asyncio.CancelledError, Exception):
                        loop.run_until_complete(task)
            raise


class _Interrupts:
    """Turns the first Ctrl-C into a cancellation of the task, and later ones into KeyboardInterrupt on the spot.

    Raised at once, an interrupt would land anywhere: inside the loop, or in a stranger's callback on it. Acts only in
    the main thread, and only where Ctrl-C means what Python makes of it or what an outer `run` has made of it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
        self.count = 0
        self._loop = loop
        self._task = task
        self._former: Any = None

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1 or self._task.done():
            raise KeyboardInterrupt
        self._task.cancel()
        self._loop.call_soon_threadsafe(_nothing)  # the loop may be asleep

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            former = signal.getsignal(signal.SIGINT)
            if former is signal.default_int_handler or isinstance(former, _Interrupts):
                self._former = signal.signal(signal.SIGINT, self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)


def _nothing() -> None:
    pass


def _make_reentrant(loop: asyncio.AbstractEventLoop, awaitable: Awaitable[Any]) -> None:
    if not isinstance(loop, asyncio.BaseEventLoop):
        if inspect.iscoroutine(awaitable):
            awaitable.close()  # or Python would warn that it was never awaited
        kind = type(loop)
        raise LegendError(
            f"run() cannot work inside a running {kind.__module__}.{kind.__qualname__}, which cannot nest; "
            "await there instead, or start the program on an asyncio loop"
        )
    import nest_asyncio2  # noqa: PLC0415 - it changes asyncio for the whole process, so only who needs it pays

    nest_asyncio2.apply(loop)


def _shut_down(loop: asyncio.AbstractEventLoop, *, in_order: bool) -> None:
    """Close `loop`; in order, after what is left on it has been cancelled and has ended."""
    try:
        if in_order:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            for task in left:
                if not task.cancelled() and (error := task.exception()) is not None:
                    loop.call_exception_handler(
                        {"message": "a task left behind failed when it was cancelled", "exception": error, "task": task}
                    )
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def _mark_seen(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()  # it is raised to the caller, so asyncio need not complain that nobody asked for it
