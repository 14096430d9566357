from __future__ import annotations

from itertools import pairwise

import nbformat
import pytest
from nbclient import NotebookClient

from legend_lab import cli

BUNDLED = sorted(cli._bundled().glob("*.ipynb"))


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_every_notebook_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    written = [output for cell in code for output in cell.outputs if output.get("name") == "stderr"]
    assert written == []


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_every_notebook_is_kept_without_output(path):
    cells = nbformat.read(path, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_every_cell_of_code_has_two_lines_of_explanation(path):
    cells = nbformat.read(path, as_version=4).cells
    for before, cell in pairwise(cells):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown"
            assert len(before.source.strip().splitlines()) >= 2
