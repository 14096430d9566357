"""Owns what the lint says: findings as frozen data, and a list of them that shows itself."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from legend_lab.core.errors import LegendError
from legend_lab.core.text import visible

Severity = Literal["note", "warning", "error"]
Phase = Literal["execute", "compensate"]

SEVERITIES: Final[tuple[Severity, ...]] = ("note", "warning", "error")
"""From the mildest to the gravest: good to know; a risk; wrong as it stands."""

_LONGEST = 600
"""Characters of one text that are shown."""
_MOST_SHOWN = 500
"""Findings that a page shows."""
_COLOURS = {"note": "#0072b2", "warning": "#b35900", "error": "#c0392b"}


class LintError(LegendError):
    """The lint was asked for something that it cannot look at, or about a rule or path that there is not."""


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing in a saga that a rule objects to.

    Attributes:
        rule: the rule's id, as `ignore` takes it.
        severity: `"note"`, `"warning"` or `"error"`.
        path: the step's path; empty when it is about the saga as a whole.
        phase: the method that it is about; None when it is about the step's settings.
        file: where that method is written; None when its source is not at hand.
        line: the line in `file`, from 1.
        message: what is the matter, with the names.
        why: what comes of it.
        source: who described it: title, author and year.
        mend: what to do about it.
    """

    rule: str
    severity: Severity
    path: str
    phase: Phase | None
    file: str | None
    line: int | None
    message: str
    why: str
    source: str
    mend: str

    @property
    def place(self) -> str:
        """Where it is, in words: `"trip.hotel, its undo (booking.py:34)"`."""
        undo = ", its undo" if self.phase == "compensate" else ""
        written = "" if self.file is None else f" ({short_file(self.file)}:{self.line})"
        return f"{self.path or 'the whole saga'}{undo}{written}"

    def __str__(self) -> str:
        texts = [
            f"{self.severity}: {self.place}: {self.message} [{self.rule}]",
            f"  why: {self.why} ({self.source})",
            f"  mend: {self.mend}",
        ]
        return "\n".join(visible(text, _LONGEST) for text in texts)


class Findings(list[LintFinding]):
    """What the lint found, gravest first, as a list that shows itself as text and as HTML.

    Attributes:
        saga: the saga's name.
        notes: what could not be looked at, in words; no finding of a rule that needed it was possible.
    """

    def __init__(self, saga: str, findings: Iterable[LintFinding], notes: Iterable[str] = ()) -> None:
        super().__init__(findings)
        self.saga = saga
        self.notes = tuple(notes)

    def at_least(self, severity: Severity) -> list[LintFinding]:
        """The findings of this severity or a graver one."""
        return [item for item in self if SEVERITIES.index(item.severity) >= SEVERITIES.index(severity)]

    @property
    def summary(self) -> str:
        """How many of which severity, in a sentence."""
        counts = [
            f"{count} {severity}{'s' if count > 1 else ''}"
            for severity in reversed(SEVERITIES)
            if (count := sum(item.severity == severity for item in self))
        ]
        return f"{visible(self.saga, _LONGEST)}: {', '.join(counts) or 'nothing to object to'}."

    @property
    def text(self) -> str:
        """All of it as plain text."""
        return "\n".join(
            [*map(str, self), *(f"not looked at: {visible(note, _LONGEST)}" for note in self.notes), self.summary]
        )

    def to_data(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {"saga": self.saga, "findings": [asdict(item) for item in self], "notes": list(self.notes)}

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        rows = "".join(map(_row, self[:_MOST_SHOWN]))
        left = f"<p>… and {len(self) - _MOST_SHOWN:,} more.</p>" if len(self) > _MOST_SHOWN else ""
        notes = "".join(f"<p>Not looked at: {_shown(note)}</p>" for note in self.notes)
        return f"<div><p><b>{_shown(self.summary)}</b></p>{rows}{left}{notes}</div>"


def short_file(file: str) -> str:
    """A file as people name it: from the working directory, if it is below; else its last part; a cell as such."""
    path = Path(file)
    if path.parent.name.startswith("ipykernel_"):
        return "cell"
    try:
        return str(path.relative_to(Path(os.getcwd())))  # noqa: PTH109 - Path.cwd() is the same, and slower
    except (ValueError, OSError):
        return path.name


def _row(finding: LintFinding) -> str:
    colour = _COLOURS[finding.severity]
    return (
        f'<details style="border-left: 4px solid {colour}; padding-left: 8px; margin: 6px 0">'
        f"<summary><b>{finding.severity}</b> <code>{_shown(finding.place)}</code> "
        f"{_shown(finding.message)} <small>{_shown(finding.rule)}</small></summary>"
        f"<p><b>Why:</b> {_shown(finding.why)} <i>({_shown(finding.source)})</i></p>"
        f"<p><b>Mend:</b> {_shown(finding.mend)}</p></details>"
    )


def _shown(text: str) -> str:
    return html.escape(visible(text, _LONGEST))
