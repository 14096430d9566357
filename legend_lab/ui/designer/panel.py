"""Owns the panel of the Designer that shows code and JSON, saves them and opens files."""

from __future__ import annotations

from typing import Any, Literal

from IPython.core.getipython import get_ipython

from legend_lab.core.errors import DesignError, LegendError
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.drafts import Draft, draft
from legend_lab.lab.design.files import to_json
from legend_lab.lab.design.model import Design
from legend_lab.ui.designer.state import DiffLine, PanelState

Kind = Literal["py", "json", "open"]
MOST_LINES = 2_000
"""Lines of a difference that are shown."""


class FilePanel:
    """What is opened under the Designer's buttons, and what came of the last thing done there."""

    def __init__(self) -> None:
        self._kind: Kind | None = None
        self._file = self._said = self._why = ""
        self._draft: Draft | None = None

    def show(self, kind: str) -> None:
        """The panel of this kind is open; the one that is open already, or "", closes it.

        Raises:
            DesignError: there is no such panel.
        """
        if kind not in ("py", "json", "open", ""):
            raise DesignError(f"there is no panel {kind[:60]!r}")
        self._kind = None if kind in ("", self._kind) else kind  # type: ignore[assignment] # checked above
        self._file = ""
        self.forget()

    def forget(self) -> None:
        """What was said of the last file no longer holds."""
        self._said = self._why = ""
        self._draft = None

    def refuse(self, file: str, error: Exception) -> None:
        """Say why nothing came of `file`."""
        self.forget()
        self._file = file
        self._why = str(error) if isinstance(error, LegendError) else f"{type(error).__name__}: {error}"

    def save(self, design: Design, file: str) -> None:
        """The file holds the design; where that would change one that exists, what would change is shown first.

        Raises:
            DesignError: it cannot be saved so.
        """
        self.forget()
        self._file = file
        made = draft(design, file)
        if made.diff:
            self._draft = made
        else:
            self._write(made)

    def write(self) -> None:
        """What was shown to change in the file is changed.

        Raises:
            DesignError: nothing was shown, or the file has changed since or cannot be written.
        """
        if self._draft is None:
            raise DesignError("nothing is to be written; save shows what would change")
        self._write(self._draft)

    def _write(self, made: Draft) -> None:
        made.save()
        self.forget()
        self._said = "Saved as " + " and ".join(str(file.path) for file in made.files)

    def state(self, design: Design, owner: object) -> PanelState | None:
        """What is shown of it; None while it is closed."""
        if self._kind is None:
            return None
        text, why = "", self._why
        try:
            if self._kind != "open":
                text = to_code(design) if self._kind == "py" else to_json(design)
        except DesignError as error:
            why = str(error)
        suffix = "json" if self._kind == "open" else self._kind
        return {
            "kind": self._kind,
            "text": text,
            "file": self._file or f"{_snake(design.name)}.{suffix}",
            "diff": diff_lines(self._draft) if self._draft is not None else [],
            "said": self._said,
            "why": why,
            "below": f"{called(owner)}.insert_code()",
        }


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


def called(owner: object) -> str:
    """How a cell can name `owner`: its variable, else the output that holds it, else `designer`."""
    shell: Any = get_ipython()
    names: dict[str, Any] = getattr(shell, "user_ns", {})
    for name, value in list(names.items()):
        if value is owner and not name.startswith("_"):
            return name
    outputs = names.get("Out", {})
    return next((f"Out[{number}]" for number, value in list(outputs.items()) if value is owner), "designer")


def _snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() and at else sign.lower() for at, sign in enumerate(name))
