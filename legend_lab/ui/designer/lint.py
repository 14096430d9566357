"""Owns what the Designer says of the lint's findings: sentences by the path of the step they are about."""

from __future__ import annotations

from legend_lab.lab.design.model import Design
from legend_lab.lab.lint.linting import lint


def said_by_path(design: Design) -> dict[str, list[str]]:
    """What the lint finds in a design, a sentence a finding with how to mend it; `""` is the saga as a whole."""
    said: dict[str, list[str]] = {}
    for finding in lint(design) if design.parts else ():
        said.setdefault(finding.path, []).append(f"{finding.severity}: {finding.message}. To mend: {finding.mend}.")
    return said
