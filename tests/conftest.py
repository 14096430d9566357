"""Owns what every test run says at its end: what could not be tested here, so that nobody takes silence for success."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr) for report in skipped}
    if reasons:
        terminalreporter.section(f"NOT TESTED HERE: {len(skipped)} tests", sep="!", red=True, bold=True)
        for reason in sorted(reasons):
            terminalreporter.line(reason.removeprefix("Skipped: "), red=True)
