"""SQLite and memory give the same answers to any sequence of commands."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from legend_lab.core.errors import LegendError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import FORMAT, VERSION, seal, write_json
from legend_lab.stores.memory import InMemoryStore
from legend_lab.stores.sql import SqlStore

IDS = [ExecutionId.parse(f"00000000-0000-4000-8000-00000000000{n}") for n in range(3)]
ids = st.sampled_from(IDS)
texts = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(["'", "\\u0041", "\0", "\ud800"])
places = st.none() | texts
seqs = st.integers(0, 4)
contexts = st.dictionaries(texts, st.integers(), max_size=2)
leases = st.sampled_from([0, 1, 10])
BROKEN = b'{"format": "another"}'


@st.composite
def records(draw):
    standing = {"state": draw(texts), "at": draw(places), "reason": draw(texts)}
    return seal({"format": FORMAT, "version": VERSION, **standing, "journal": draw(st.lists(texts, max_size=2))})


@st.composite
def rows(draw):
    return write_json({"entry": draw(texts), "state": draw(texts), "at": draw(places)})


class TwoStores(RuleBasedStateMachine):
    """The model is InMemoryStore: whatever it answers, SqlStore must answer too."""

    claims = Bundle("claims")

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now = 1_000_000
        self.memory = InMemoryStore(now_us=lambda: self.now)
        self.sql = SqlStore(Path(self.folder.name) / "records.db", now_us=lambda: self.now)

    def teardown(self):
        self.runner.run(self.sql.close())
        self.runner.close()
        self.folder.cleanup()

    def both(self, on_memory, on_sql, name, *arguments):
        """Do the same on both; return what both gave, having compared it or the error."""
        self.now += 1
        answers = [self.ask(getattr(place, name), arguments) for place in (on_memory, on_sql)]
        model, real = answers
        if isinstance(model, LegendError) or isinstance(real, LegendError):
            assert (type(real), self.nameless(real)) == (type(model), self.nameless(model))
        return answers

    def ask(self, method, arguments):
        try:
            return self.runner.run(method(*arguments))
        except LegendError as error:
            return error

    def nameless(self, error):
        """Return an error's text without the token, which each store counts for itself."""
        return str(error).partition(" on record ")[2] or str(error)

    def same(self, name, *arguments):
        model, real = self.both(self.memory, self.sql, name, *arguments)
        if not isinstance(model, LegendError):
            assert real == model
            assert getattr(real, "data", None) == getattr(model, "data", None)

    @initialize(run_id=ids, data=records())
    def begin(self, run_id, data):
        self.same("save", run_id, data)

    @rule(run_id=ids, data=records() | st.just(BROKEN))
    def save(self, run_id, data):
        self.same("save", run_id, data)

    @rule(run_id=ids, seq=seqs, entry=rows() | st.just(BROKEN), context=contexts)
    def append(self, run_id, seq, entry, context):
        self.same("append", run_id, seq, entry, write_json(context))

    @rule(run_id=ids)
    def delete(self, run_id):
        self.same("delete", run_id)

    @rule(run_id=ids)
    def read(self, run_id):
        self.same("get", run_id)
        self.same("exists", run_id)

    @rule()
    def list_all(self):
        self.same("list")

    @rule(seconds=st.sampled_from([1, 5, 20]))
    def pass_time(self, seconds):
        self.now += seconds * 1_000_000

    @rule(target=claims, run_id=ids, lease_s=leases)
    def claim(self, run_id, lease_s):
        model, real = self.both(self.memory, self.sql, "claim", run_id, lease_s)
        if isinstance(model, LegendError):
            return multiple()
        assert (real.record, real.record.data, real.lease_s) == (model.record, model.record.data, model.lease_s)
        return model, real

    @rule(pair=claims, data=records())
    def claim_save(self, pair, data):
        self.both(*pair, "save", data)

    @rule(pair=claims, seq=seqs, entry=rows(), context=contexts)
    def claim_append(self, pair, seq, entry, context):
        self.both(*pair, "append", seq, entry, write_json(context))

    @rule(pair=claims, what=st.sampled_from(["delete", "renew", "release", "release"]))
    def claim_end(self, pair, what):
        self.both(*pair, what)


TwoStores.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_sqlite_answers_as_memory_does = TwoStores.TestCase
