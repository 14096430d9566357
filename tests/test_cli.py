from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from legend_lab import cli


def test_the_notebooks_are_copied_and_what_is_there_stays(tmp_path):
    folder = cli.copy_notebooks(tmp_path / "new" / "folder")
    copied = folder / cli.FIRST
    assert copied.exists()
    copied.write_text("mine")
    cli.copy_notebooks(folder)
    assert copied.read_text() == "mine"


def test_a_folder_that_is_a_file_is_refused_in_words(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["open", "--headless", "--folder", str(tmp_path / "file")]) == 1
    assert "choose another --folder" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["fly"]])
def test_a_wrong_command_is_answered_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: legend-lab" in capsys.readouterr().err


def test_open_headless_prints_the_story_and_writes_the_chart(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "legend_lab.cli", "open", "--headless", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "run")},
    )
    assert done.returncode == 0, done.stderr
    assert "trip.hotel is undone" in done.stdout
    assert "SeatUnavailable" in done.stdout
    chart = (tmp_path / "travel_booking.html").read_text()
    assert "trip" in chart
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", chart)  # it is whole, so it opens offline
