"""Owns the panel of the Designer that shows code, tests and JSON, saves them and opens files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.drafts import Draft, FileDraft, draft, draft_tests, file_of_tests
from legend_lab.lab.design.files import to_json
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.opening import Opened
from legend_lab.lab.design.tests_out import to_test_code
from legend_lab.ui.designer.cells import called
from legend_lab.ui.designer.state import DiffLine, PanelKind, PanelState

MOST_LINES = 2_000
"""Lines of a difference that are shown."""
MOST_TESTED = 100
"""Steps of a design whose tests are made here: to know what they expect, each step's failure is run."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A text that is shown, and what it was made of."""

    design: Design
    origin: Opened
    of: tuple[PanelKind, str]
    text: str


class FilePanel:
    """What is opened under the Designer's buttons, and what came of the last thing done there.

    Attributes:
        saved: what the last save wrote; None when nothing has been saved since.
        home: the file that the design was opened from; None when it was drawn.
    """

    def __init__(self) -> None:
        self.saved: Draft | None = None
        self.home: Path | None = None
        self._kind: PanelKind | None = None
        self._files: dict[PanelKind, str] = {}
        self._said = self._why = ""
        self._draft: Draft | None = None
        self._made: _Made | None = None

    @property
    def code(self) -> FileDraft | None:
        """The file of code that the last save wrote; None when it wrote none."""
        if self.saved is None or self._kind == "tests" or self.saved.files[0].path.suffix != ".py":
            return None
        return self.saved.files[0]

    def show(self, kind: str) -> None:
        """The panel of this kind is open; the one that is open already, or "", closes it.

        Raises:
            DesignError: there is no such panel.
        """
        if kind not in ("", *get_args(PanelKind)):
            raise DesignError(f"there is no panel {kind[:60]!r}")
        self._kind = None if kind in ("", self._kind) else kind  # type: ignore[assignment] # checked above
        self.forget()

    def leave(self) -> None:
        """It is closed, and its files are forgotten: they are another design's."""
        self._kind = None
        self._files = {}
        self.forget()

    def forget(self) -> None:
        """What was said of the last file no longer holds."""
        self._said = self._why = ""
        self._draft = self.saved = None

    def refuse(self, file: str, error: DesignError) -> None:
        """Say why nothing came of `file`."""
        self.forget()
        self._remember(file)
        self._why = str(error)

    def save(self, design: Design, origin: Opened, file: str, *, tests: bool) -> None:
        """The file holds what is shown, and one beside it the tests of the code where `tests` says so.

        Where that would change a file that exists, what would change is shown first.

        Raises:
            DesignError: it cannot be saved so.
        """
        self.forget()
        self._remember(file)
        if self._kind == "tests":
            made = draft_tests(design, file, self._module(design))
        else:
            made = draft(design, file, tests=tests, origin=origin)
        if made.diff:
            self._draft = made
        else:
            self._write(made)

    def write(self) -> None:
        """What was shown to change is changed.

        Raises:
            DesignError: nothing was shown, or a file has changed since or cannot be written.
        """
        if self._draft is None:
            raise DesignError("nothing is to be written; save shows what would change")
        self._write(self._draft)

    def state(self, design: Design, origin: Opened, owner: object) -> PanelState | None:
        """What is shown of it; None while it is closed."""
        if self._kind is None:
            return None
        text, why = "", self._why
        try:
            text = self._text(design, origin, self._kind)
        except DesignError as error:
            why = str(error)
        return {
            "kind": self._kind,
            "text": text,
            "file": self._file(design, self._kind),
            "diff": diff_lines(self._draft) if self._draft is not None else [],
            "said": self._said,
            "why": why,
            "tests": self._kind == "py" and len(design.steps) <= MOST_TESTED,
            "below": f"{called(owner)}.insert_code()",
        }

    def _write(self, made: Draft) -> None:
        made.save()
        self.forget()
        self.saved = made
        self._said = "Saved as " + " and ".join(str(file.path) for file in made.files)

    def _remember(self, file: str) -> None:
        if self._kind is not None:
            self._files[self._kind] = file

    def _file(self, design: Design, kind: PanelKind) -> str:
        if kind in self._files:
            return self._files[kind]
        if kind == "tests":
            return str(file_of_tests(self._file(design, "py")))
        suffix = ".py" if kind == "py" else ".json"
        if self.home is None:
            return f"{_snake(design.name)}{suffix}"
        return str(self.home if kind == "open" else self.home.with_suffix(suffix))

    def _module(self, design: Design) -> str:
        """The module that the tests import: the one beside them that their name tells, else that of the code."""
        tests = Path(self._file(design, "tests")).stem
        return tests.removeprefix("test_") if tests.startswith("test_") else Path(self._file(design, "py")).stem

    def _text(self, design: Design, origin: Opened, kind: PanelKind) -> str:
        module = self._module(design) if kind == "tests" else ""
        made = self._made
        if made is None or made.design is not design or made.origin is not origin or made.of != (kind, module):
            made = self._made = _Made(design, origin, (kind, module), _made(design, origin, kind, module))
        return made.text


def diff_lines(made: Draft) -> list[DiffLine]:
    """What saving would change, a line each; where there are several files, under their names."""
    shown: list[DiffLine] = []
    for file in made.files:
        lines = file.diff.splitlines()[2:]
        if lines and len(made.files) > 1:
            shown.append({"sign": "@", "text": str(file.path)})
        for line in lines:
            sign = "@" if line.startswith("@@") else line[0]
            shown.append({"sign": sign, "text": "" if sign == "@" else line[1:]})  # type: ignore[typeddict-item] # -, + or blank
    return shown[:MOST_LINES]


def _made(design: Design, origin: Opened, kind: PanelKind, module: str) -> str:
    if kind == "open":
        return ""
    if kind == "py":
        return origin.code(design)
    if kind == "json":
        return to_json(design)
    if len(design.steps) > MOST_TESTED:
        raise DesignError(
            f"tests are made here for at most {MOST_TESTED} steps, since the failure of each is run to know what to "
            'expect; draft(designer.design, "file.py", tests=True).save() makes them in a cell'
        )
    return to_test_code(design, module)


def _snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() and at else sign.lower() for at, sign in enumerate(name))
