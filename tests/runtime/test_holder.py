"""Who holds a claim, and whether that process has died."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from legend_lab.runtime.holder import Holder

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says when a process started")


@pytest.fixture
def child():
    """Another process of this machine, alive."""
    started = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield started
    started.stdin.close()
    started.wait(60)


def holder_of(process):
    code = f"from legend_lab.runtime import holder; print(holder._started({process.pid}))"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    return replace(Holder.here(), pid=process.pid, started=started)


def test_this_process_is_alive_and_named():
    here = Holder.here()
    assert not here.has_died()
    assert here.pid == os.getpid()
    assert str(here) == f"process {os.getpid()} on {here.host}"


def test_a_holder_survives_json():
    here = Holder.here()
    assert Holder.from_json(json.loads(json.dumps(here.to_json()))) == here


@pytest.mark.parametrize("data", [None, [], "x", {}, {"pid": "1"}, {"pid": True}, {"pid": -1}, {"pid": 0}], ids=repr)
def test_what_names_no_process_counts_as_alive(data):
    unknown = Holder.from_json(data)
    assert not unknown.has_died()
    assert "unknown" in str(unknown)


@on_linux
def test_another_living_process_is_alive_until_it_ends(child):
    holder = holder_of(child)
    assert not holder.has_died()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert holder.has_died(), "dead, though its parent has not collected it"
    child.wait()
    assert holder.has_died()


@on_linux
def test_a_process_number_used_again_is_not_its_former_owner():
    assert replace(Holder.here(), started="1").has_died()


@on_linux
@pytest.mark.parametrize("where", ["boot", "namespace"])
def test_of_another_machine_or_container_nothing_is_known(where):
    gone = replace(Holder.here(), pid=2**22 + 1)
    assert gone.has_died()
    assert not replace(gone, **{where: "another"}).has_died()


@pytest.mark.parametrize("missing", ["boot", "namespace", "started"])
def test_where_the_system_says_too_little_the_process_counts_as_alive(missing):
    assert not replace(Holder.here(), pid=2**22 + 1, **{missing: ""}).has_died()


@on_linux
def test_a_forked_child_is_a_holder_of_its_own():
    Holder.here()
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(write, json.dumps(Holder.here().to_json()).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        child = Holder.from_json(json.load(stream))
    os.waitpid(pid, 0)
    assert child.pid == pid
    assert child.has_died()


@on_linux
def test_a_process_that_may_not_be_looked_at_counts_as_alive(monkeypatch):
    monkeypatch.setattr("legend_lab.runtime.holder._started", lambda _: None)
    assert not replace(Holder.here(), pid=1, started="7").has_died()
