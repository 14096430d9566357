"""Owns the thread that runs user code on a clock's private loop, and the way there and back."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from legend_lab.core.errors import ClockError
from legend_lab.runtime.virtual_loop import VirtualLoop, VirtualTime

T = TypeVar("T")

Inbox = SimpleQueue[Callable[[], None] | None]

STUCK = (
    "the awaited can never come: on the virtual clock's loop nothing is ready, no timer runs, and no thread job, "
    "file, socket or subprocess is outstanding. Something is never set, or is set by a thread "
    "that this clock cannot see; in that case use SystemClock"
)


class Host:
    """Runs coroutines on one private loop in one thread; the loop turns only while there are any.

    Between two calls everything on the loop stands still and stays usable by the next. The parked thread
    holds only its inbox, so clock and loop can be collected with whatever still hangs on them.
    """

    def __init__(self, time: VirtualTime, patience_s: float) -> None:
        self.loop = VirtualLoop(time, patience_s, self._stuck)
        self.inbox: Inbox = SimpleQueue()
        self._calls: set[_Call[Any]] = set()
        self._running = False
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=_serve, args=(self.inbox,), name="legend-lab-virtual-clock", daemon=True)
        self.thread.start()

    async def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work()` there and return or raise what it gave.

        A cancellation goes on to the work at once, every time it comes; only when the work has ended is it raised
        here. Context variables go along, and what the work set is set here afterwards, as with a plain await.
        """
        caller = asyncio.get_running_loop()
        if isinstance(caller, VirtualLoop):  # another clock's: what happens here is real work to it
            with caller.outstanding():
                return await self._call(work, caller)
        return await self._call(work, caller)

    async def _call(self, work: Callable[[], Coroutine[Any, Any, T]], caller: asyncio.AbstractEventLoop) -> T:
        call = _Call(self, work, caller)
        cancelled: asyncio.CancelledError | None = None
        try:
            self.loop.hold(call)
            caller.call_soon(self.loop.release, call)  # when all that the caller calls in this turn is submitted
            self._submit(call)
            while not call.arrived:
                call.waiter = caller.create_future()
                try:
                    await call.waiter
                except asyncio.CancelledError as error:
                    cancelled = cancelled or error
                    call.cancel(*error.args)
            call.keep_context()
            return call.result(cancelled)
        finally:
            if not call.arrived:  # an interrupt, or a caller closed half-way: nobody can wait for the end
                call.cancel()
            del call, cancelled  # or frame, error and traceback hold each other

    def _submit(self, call: _Call[Any]) -> None:
        with self._lock:
            self._calls.add(call)
            self.loop.call_soon_threadsafe(call.begin)
            if not self._running:
                self._running = True
                self.inbox.put(self._run)

    # -- on the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._calls:
                    self._running = False
                    return
            try:
                self.loop.run_forever()
            except (KeyboardInterrupt, SystemExit) as stray:
                # Out of a task or callback beside the calls; asyncio.run would cancel its main task and raise it.
                for call in self._in_flight():
                    call.end_with(stray)
            except BaseException as broken:  # noqa: BLE001 - the loop cannot go on, and nobody may wait for ever
                for call in self._in_flight():
                    call.error = broken
                    self.finish(call)

    def _stuck(self) -> None:
        for call in self._in_flight():
            call.end_with(ClockError(STUCK))

    def _in_flight(self) -> list[_Call[Any]]:
        with self._lock:
            return list(self._calls)

    def finish(self, call: _Call[Any]) -> None:
        """Send the call's outcome to its caller, who holds time until it has had its turn."""
        with self._lock:
            self._calls.discard(call)
            if not self._calls:
                self.loop.stop()
        turn = object()
        self.loop.hold(turn)
        try:
            call.caller.call_soon_threadsafe(call.arrive, turn)
        except RuntimeError:  # the caller's loop was closed: nobody waits
            self.loop.release(turn)

    def close(self) -> None:
        """Cancel what is left on the loop, let it clean up as far as it can without waiting, and close the loop."""
        loop = self.loop
        try:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            _generators = loop.create_task(loop.shutdown_asyncgens())
            loop.closing = True
            loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            loop.close()


class _Call(Generic[T]):
    """One piece of work on its way to the private loop and back.

    `begin`, `end_with` and `_done` run on the private loop's thread, all else on the caller's.
    """

    def __init__(
        self, host: Host, work: Callable[[], Coroutine[Any, Any, T]], caller: asyncio.AbstractEventLoop
    ) -> None:
        self.host = host
        self.work = work
        self.caller = caller
        self.context = contextvars.copy_context()
        self.waiter: asyncio.Future[None] | None = None
        self.arrived = False
        self.task: asyncio.Task[None] | None = None
        self.value: T
        self.error: BaseException | None = None
        self.instead: BaseException | None = None

    def begin(self) -> None:
        if self.instead is not None:  # the loop had an interrupt meanwhile
            self.error = self.instead
            self.host.finish(self)
            return
        self.task = self.host.loop.create_task(self._perform(), context=self.context)
        self.task.add_done_callback(self._done)

    async def _perform(self) -> None:
        # Everything is caught here: an interrupt that leaves a task would tear down the loop under the other calls.
        try:
            self.value = await self.work()
        except BaseException as error:  # noqa: BLE001 - raised again at the caller's
            self.error = error

    def _done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():  # before its first step
            self.error = asyncio.CancelledError()
        given_up = isinstance(self.error, asyncio.CancelledError)
        if self.instead is not None and (given_up or not isinstance(self.instead, Exception)):
            self.error = self.instead
        self.host.finish(self)

    def end_with(self, error: BaseException) -> None:
        """Cancel the work and raise `error` in place of its cancellation."""
        self.instead = error
        if self.task is not None:
            self.task.cancel()

    def cancel(self, *message: Any) -> None:  # noqa: ANN401 - whatever the caller was cancelled with
        with suppress(RuntimeError):  # closed: the work has ended
            self.host.loop.call_soon_threadsafe(self._cancel, *message[:1])

    def _cancel(self, message: Any = None) -> None:  # noqa: ANN401 - see `cancel`
        if self.task is not None:
            self.task.cancel(message)

    def arrive(self, turn: object) -> None:
        self.arrived = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)  # queues the caller's turn, and behind it the release
        self.caller.call_soon(self.host.loop.release, turn)

    def keep_context(self) -> None:
        for variable, value in self.context.items():
            if variable.get(_UNSET) is not value:
                variable.set(value)

    def result(self, cancelled: asyncio.CancelledError | None) -> T:
        error, self.error = self.error, None  # or the error's traceback and this call would hold each other
        try:
            if cancelled is not None:
                if error is None or isinstance(error, asyncio.CancelledError):
                    raise cancelled
                if isinstance(error, Exception):
                    raise cancelled from error
            if error is not None:
                raise error
            return self.value
        finally:
            del error, cancelled


_UNSET = object()


def _serve(inbox: Inbox) -> None:
    while (job := inbox.get()) is not None:
        job()
        del job


def retire(inbox: Inbox, host: weakref.ref[Host], wake_up_sockets: tuple[socket.socket, socket.socket]) -> None:
    """End the thread behind `inbox` and close the loop, with clean-up unless it dies in a cycle; waits for nothing."""
    living = host()
    if living is not None:
        inbox.put(living.close)
    else:
        for wake_up_socket in wake_up_sockets:  # before they are collected too, in whatever order, with a warning
            wake_up_socket.close()
    inbox.put(None)
