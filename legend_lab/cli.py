"""Owns the command line: `legend-lab open` shows the bundled notebooks, `legend-lab lint` says what a saga lacks."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from legend_lab.core.errors import LegendError

FIRST = "01_travel_booking.ipynb"
"""The notebook to begin with."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except LegendError as error:
        print(f"legend-lab: {error}", file=sys.stderr)  # noqa: T201 - a command line speaks by printing
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="legend-lab", description="A saga engine inside a Jupyter workbench.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    opener = commands.add_parser(
        "open",
        help="open the bundled notebooks in JupyterLab",
        description="Copy the bundled notebooks to a folder (what is there already stays) and open them in JupyterLab.",
    )
    opener.add_argument("--folder", type=Path, default=Path("legend-lab-notebooks"), help="where to copy them")
    opener.add_argument(
        "--headless",
        action="store_true",
        help="no browser: run the first notebook, print the saga's story and write its Gantt chart as an HTML file",
    )
    opener.add_argument("--no-browser", action="store_true", help="start JupyterLab, but open no browser")
    opener.add_argument("--port", type=int, default=8888, help="first port to try")
    opener.set_defaults(run=_open)
    linter = commands.add_parser(
        "lint",
        help="say what is missing in a saga",
        description="Look at a saga for what is missing; nothing of it runs. "
        "Ends with 0 when there is nothing to object to, with 1 when there is, with 2 when it cannot be looked at.",
    )
    linter.add_argument(
        "saga", metavar="MODULE:SAGA", help="a saga, a saga class or a design; MODULE may be a .py file"
    )
    linter.add_argument(
        "--fail-on", choices=("error", "warning", "note"), default="warning", help="mildest that counts"
    )
    linter.add_argument("--ignore", action="append", default=[], metavar="RULE[:PATH]", help="left out on purpose")
    linter.add_argument("--beside", action="append", default=[], metavar="MODULE:SAGA", help="runs at the same time")
    linter.add_argument("--longest", type=float, metavar="SECONDS", help="how long a run may take, with its undo")
    linter.add_argument("--canvas", type=Path, metavar="FILE", help="also write the saga's canvas, .html or .txt")
    linter.add_argument("--json", action="store_true", help="print data")
    linter.set_defaults(run=_lint)
    return parser


def _open(options: argparse.Namespace) -> int:
    folder = copy_notebooks(options.folder)
    if options.headless:
        return _run_headless(folder)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", f"--port={options.port}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if options.no_browser:
        command.append("--no-browser")
    print(f"The notebooks are in {folder}; close JupyterLab with Ctrl-C.", flush=True)  # noqa: T201 - as above
    return subprocess.call([*command, str(folder / FIRST)])  # noqa: S603 - this very Python


def _lint(options: argparse.Namespace) -> int:
    from legend_lab.lab.lint.canvas import canvas  # noqa: PLC0415 - only this command needs the lab
    from legend_lab.lab.lint.linting import lint  # noqa: PLC0415 - as above

    try:
        saga = _named(options.saga)
        beside = [_named(name) for name in options.beside]
        found = lint(saga, beside=beside, ignore=options.ignore, longest_s=options.longest)
        if options.canvas is not None:
            canvas(saga).save(options.canvas)
    except LegendError as error:
        print(f"legend-lab: {error}", file=sys.stderr)  # noqa: T201 - as above
        return 2
    print(json.dumps(found.to_data(), indent=2) if options.json else found.text)  # noqa: T201 - as above
    return 1 if found.at_least(options.fail_on) else 0


def _named(name: str) -> object:
    """What `MODULE:SAGA` names; its module is imported, which runs the module.

    Raises:
        LegendError: there is no such module or name, or the module cannot be imported.
    """
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise LegendError(f"name a saga as MODULE:SAGA, such as shop.orders:fulfilment, not {name!r}")
    if os.getcwd() not in sys.path:  # noqa: PTH109 - entries of sys.path are texts
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as above
    try:
        found: object = _imported(module_name)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise LegendError(f"cannot import {module_name}: {reason}") from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise LegendError(f"{module_name} has no {path}")
        found = getattr(found, part)
    return found


def _imported(name: str) -> object:
    if not name.endswith(".py"):
        return importlib.import_module(name)
    path = Path(name).resolve()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.exists():
        raise ImportError("there is no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # where its classes look for the names in their annotations
    sys.path.insert(0, str(path.parent))
    spec.loader.exec_module(module)
    return module


def copy_notebooks(folder: Path) -> Path:
    """Copy the bundled notebooks that `folder` does not have yet; return its absolute path.

    Raises:
        LegendError: the folder cannot be written to.
    """
    folder = folder.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(_bundled().glob("*.ipynb")):
            if not (folder / notebook.name).exists():
                shutil.copyfile(notebook, folder / notebook.name)
    except OSError as error:
        raise LegendError(
            f"cannot copy the notebooks to {folder}: {error.strerror}; choose another --folder"
        ) from error
    return folder


def _bundled() -> Path:
    """Where the notebooks are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    return next(folder for folder in (package / "notebooks", package.parent / "notebooks") if (folder / FIRST).exists())


def _run_headless(folder: Path) -> int:
    import nbformat  # noqa: PLC0415 - it and nbclient come with JupyterLab, and only this way needs them
    from nbclient import NotebookClient  # noqa: PLC0415 - as above
    from nbclient.exceptions import CellExecutionError  # noqa: PLC0415 - as above

    try:
        notebook = nbformat.read(folder / FIRST, as_version=4)  # type: ignore[no-untyped-call]
    except (ValueError, OSError, nbformat.ValidationError) as error:
        raise LegendError(f"{folder / FIRST} is no notebook; delete it, and it is copied anew") from error
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    try:
        client.execute()
    except CellExecutionError as error:
        raise LegendError(f"{FIRST} failed: {error}") from error
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stdout":
                print(output.text, end="")  # noqa: T201 - as above
    for chart in sorted(folder.glob("*.html")):
        print(f"Gantt chart: {chart}")  # noqa: T201 - as above
    return 0


if __name__ == "__main__":  # pragma: no cover
    sys.exit(main())
