"""Records that earlier versions wrote load for ever; see `shop.py` for how they are made."""

import json
from pathlib import Path

import pytest

from legend_lab import CompensationFailed, Completed, Failed, Paused
from legend_lab.core.errors import AbortedError, StoredError, UnexpectedError
from legend_lab.runtime.clocks import VirtualClock
from tests.golden.shop import Level, Order, Shop, ShopError, make

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.json"))

# What each stands at and why; what it ends as; how often steps and undos are performed on the way from here.
STANDS = {
    "v1-paused-forward": (Paused, "parcel.send", "step paused", Completed, 2),
    "v1-paused-undo": (Paused, "parcel.pack", "undo paused", Failed, 4),
    "v1-compensation-failed": (CompensationFailed, "", "", Failed, 5),
    "v1-compensation-failed-twice": (CompensationFailed, "", "", Failed, 1),
    "v1-open-intent": (Paused, "parcel.pack", "restarted", Completed, 3),
    "v1-restarted": (Paused, "parcel.send", "restarted", Completed, 2),
    "v1-open-undo": (Paused, "reserve", "restarted", Failed, 1),
    "v1-aborted-and-paused": (Paused, "parcel.pack", "undo paused", Failed, 2),
}


def test_every_record_is_known_and_none_is_missing():
    assert {path.stem for path in FILES} == set(STANDS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_an_old_record_loads_and_goes_on_to_its_end(path):
    kind, at, reason, end, performed = STANDS[path.stem]
    data = path.read_bytes()
    loaded = Shop.load(data, clock=VirtualClock())
    assert type(loaded) is kind
    assert isinstance(loaded.context, Order)
    assert (loaded.context.level, loaded.context.pair) == (Level.GOLD, (1, "ä\ud800"))
    if kind is Paused:
        assert (loaded.path, loaded.reason) == (at, reason)
    count = len(loaded.journal)
    assert count == len(json.loads(data)["journal"]) + ("open" in path.stem)
    while isinstance(loaded, Paused | CompensationFailed):
        loaded = await (loaded.resume() if isinstance(loaded, Paused) else loaded.retry())
    assert type(loaded) is end
    entries = list(loaded.journal)[count:]
    assert sum(entry.kind in ("execute", "compensate") for entry in entries) == performed


def test_errors_in_old_records_come_back_as_their_classes():
    paused = Shop.load((FOLDER / "v1-paused-forward.json").read_bytes())
    first, odd = [entry.error for entry in paused.journal if entry.error is not None]
    assert (type(first), first.args, first.hint) == (ShopError, ("reserve",), "later")
    assert (type(odd), odd.type, odd.message) == (StoredError, "LookupError", "parcel.send")
    failed = Shop.load((FOLDER / "v1-compensation-failed.json").read_bytes())
    assert type(failed.original_error) is UnexpectedError
    assert failed.pending == ("parcel.pack", "reserve")
    again = Shop.load((FOLDER / "v1-compensation-failed-twice.json").read_bytes())
    assert again.pending == ("parcel.pack",)
    aborted = Shop.load_paused((FOLDER / "v1-aborted-and-paused.json").read_bytes())
    assert type(aborted.original_error) is AbortedError
    assert str(aborted.original_error) == "no"


async def test_this_version_still_writes_what_the_newest_records_hold():
    for name, data in (await make()).items():
        assert json.loads(data) == json.loads((FOLDER / f"v1-{name}.json").read_bytes()), name
