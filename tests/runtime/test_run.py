"""Facts about the synchronous door, in a script and in a Jupyter kernel."""

import asyncio
import signal
import subprocess
import sys
import threading
from textwrap import dedent

import pytest
from jupyter_client.manager import KernelManager

from legend_lab.runtime.sync import run

HANG_GUARD_S = 120


@pytest.fixture
def _ctrl_c():
    """Make SIGINT mean what it means in a terminal, even if the tests were started in the background."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


# -- without a loop -----------------------------------------------------------------------------


def test_it_returns_what_a_coroutine_returns():
    assert run(asyncio.sleep(0, "value")) == "value"


def test_it_takes_any_awaitable():
    class Awaitable:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return "value"

    assert run(Awaitable()) == "value"


def test_it_refuses_what_cannot_be_awaited():
    with pytest.raises(TypeError, match="await"):
        run(42)


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_it_raises_what_the_awaited_raises(kind):
    error = kind("as it is")

    async def fail():
        raise error

    with pytest.raises(kind) as caught:
        run(fail())
    assert caught.value is error or kind is asyncio.CancelledError


def test_it_closes_its_loop_after_what_is_left_has_ended():
    ended = []

    async def background():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("task")

    async def stream():
        try:
            yield 1
        finally:
            ended.append("generator")

    generator = stream()

    async def work():
        asyncio.create_task(background())  # noqa: RUF006 - left behind on purpose
        await anext(generator)
        await asyncio.to_thread(ended.append, "thread")
        return asyncio.get_running_loop()

    loop = run(work())
    assert loop.is_closed()
    assert ended == ["thread", "task", "generator"]


def test_a_task_that_fails_when_left_behind_is_reported(caplog):
    async def background():
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("lost otherwise")

    async def work():
        asyncio.create_task(background())  # noqa: RUF006 - left behind on purpose
        await asyncio.sleep(0)

    run(work())
    assert "lost otherwise" in caplog.text


@pytest.mark.usefixtures("_ctrl_c")
def test_an_interrupt_cancels_the_awaited_lets_it_clean_up_and_is_raised():
    seen = []

    async def work():
        ctrl_c()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    with pytest.raises(KeyboardInterrupt):
        run(work())
    assert seen == ["cleaned up"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("_ctrl_c")
def test_a_second_interrupt_gets_out_of_an_endless_clean_up():
    async def work():
        loop = asyncio.get_running_loop()
        ctrl_c()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                loop.call_soon(ctrl_c)

    with pytest.raises(KeyboardInterrupt):
        run(work())


@pytest.mark.usefixtures("_ctrl_c")
def test_a_second_interrupt_gets_into_code_that_never_awaits():
    async def work():
        ctrl_c()
        ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        run(work())


@pytest.mark.usefixtures("_ctrl_c")
def test_an_exit_in_a_stranger_on_the_loop_cancels_the_awaited_and_is_raised():
    seen = []

    async def work():
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with pytest.raises(SystemExit):
        run(work())
    assert seen == ["cancelled"]


def test_it_works_in_a_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(run(asyncio.sleep(0, "value"))))
    thread.start()
    thread.join(HANG_GUARD_S)
    assert results == ["value"]


# -- inside a running loop: in processes of their own, since asyncio stays changed there -----------


def script(text):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", dedent(text)],
        capture_output=True,
        text=True,
        timeout=HANG_GUARD_S,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_importing_it_leaves_asyncio_alone():
    assert script("""
        import sys
        import legend_lab.runtime.sync
        print("nest_asyncio2" in sys.modules)
        """) == ["False"]


def test_it_works_inside_a_running_loop_which_goes_on_meanwhile():
    assert script("""
        import asyncio
        from legend_lab.runtime.sync import run

        async def main():
            gate = asyncio.Event()
            asyncio.get_running_loop().call_soon(gate.set)
            print(run(gate.wait()))
            print(await asyncio.sleep(0, "after"))

        asyncio.run(main())
        print(run(asyncio.sleep(0, "later")))
        """) == ["True", "after", "later"]


def test_an_interrupt_inside_a_running_loop_cancels_the_innermost_and_is_raised():
    assert script("""
        import asyncio, signal
        from legend_lab.runtime.sync import run
        signal.signal(signal.SIGINT, signal.default_int_handler)

        async def inner():
            signal.raise_signal(signal.SIGINT)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                print("inner")
                raise

        async def outer():
            try:
                run(inner())
            except KeyboardInterrupt:
                print("outer")
            return await asyncio.sleep(0, "usable")

        print(run(outer()))
        """) == ["inner", "outer", "usable"]


def test_a_virtual_clock_works_on_both_sides_of_a_nested_run():
    assert script("""
        import asyncio
        from legend_lab.runtime.clocks import VirtualClock
        from legend_lab.runtime.sync import run

        clock = VirtualClock()

        async def step():
            await asyncio.sleep(3600)
            return run(asyncio.sleep(3600, "inside"))

        async def main():
            print(run(clock.host(lambda: asyncio.sleep(3600, "outside"))))
            print(run(clock.host(step)))

        asyncio.run(main())
        print(clock.ticks() // 10**9)
        """) == ["outside", "inside", str(3 * 3600)]


def test_a_loop_that_cannot_nest_is_refused_in_words_and_asyncio_left_alone():
    assert script("""
        import asyncio, sys
        from legend_lab.core.errors import LegendError
        from legend_lab.runtime.sync import run

        class OtherLoop(asyncio.AbstractEventLoop):
            pass

        asyncio._set_running_loop(OtherLoop())
        try:
            run(asyncio.sleep(0))
        except LegendError as error:
            print("await there" in str(error), "OtherLoop" in str(error), "nest_asyncio2" in sys.modules)
        asyncio._set_running_loop(None)
        """) == ["True", "True", "False"]


# -- in a kernel --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kernel():
    manager = KernelManager()
    manager.start_kernel(extra_arguments=["--log-level=ERROR"])
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=HANG_GUARD_S)
        cell = client.execute("import asyncio\nfrom legend_lab.runtime.sync import run\n" + CELLS)
        outputs(client, cell)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


CELLS = """
from legend_lab.runtime.clocks import VirtualClock

clock = VirtualClock()

async def slow():
    print("started", flush=True)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise
"""


def outputs(client, cell, *, until=None):
    """Return texts, results and names of errors of a cell, up to its end or a given text."""
    found = []
    while True:
        message = client.get_iopub_msg(timeout=HANG_GUARD_S)
        if message["parent_header"].get("msg_id") != cell:
            continue
        content = message["content"]
        match message["msg_type"]:
            case "stream":
                found += content["text"].split()
            case "execute_result":
                found.append(content["data"]["text/plain"])
            case "error":
                found.append(content["ename"])
            case "status" if content["execution_state"] == "idle":
                return found
        if until is not None and until in found:
            return found


def test_queued_cells_that_run_all_answer_in_order(kernel):
    _, client = kernel
    cells = [client.execute(f"run(asyncio.sleep(0.001, {number}))") for number in range(5)]
    assert [outputs(client, cell) for cell in cells] == [["0"], ["1"], ["2"], ["3"], ["4"]]


@pytest.mark.parametrize("code", ["run(slow())", "run(clock.host(slow))"], ids=["system", "virtual"])
def test_stop_in_a_notebook_cancels_the_coroutine_and_the_kernel_stays_usable(kernel, code):
    manager, client = kernel
    cell = client.execute(code)
    assert outputs(client, cell, until="started") == ["started"]
    manager.interrupt_kernel()
    assert outputs(client, cell) == ["cancelled", "KeyboardInterrupt"]
    assert outputs(client, client.execute("run(clock.host(lambda: asyncio.sleep(3600, 1)))")) == ["1"]
    assert outputs(client, client.execute("await asyncio.sleep(0, 2)")) == ["2"]
