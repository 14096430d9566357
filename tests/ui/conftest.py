"""Owns the harness: a real JupyterLab on loopback, driven by a real Chromium."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ARTIFACTS = REPOSITORY / ".artifacts"
START_S = 60

sys.path.insert(0, str(HERE))  # for `workbench_samples`, which kernels import as well


class Lab:
    """A running JupyterLab: its address and the folder it serves."""

    def __init__(self, url: str, root: Path) -> None:
        self.url = url
        self.root = root

    def write(self, name: str, *cells: str) -> str:
        """The name of a new notebook of these code cells; it names its kernel, or JupyterLab would ask for one."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        (self.root / f"{name}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
        return f"{name}.ipynb"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/api/status", timeout=1):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.1)  # a server that starts has nothing to wait on
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab on loopback with a home of its own; its kernels import the package from this repository."""
    home = tmp_path_factory.mktemp("jupyter")
    for name in ("app", "notebooks"):
        (home / name).mkdir()
    settings = {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
    }
    (home / "app/overrides.json").write_text(json.dumps(settings))
    folders = {
        "HOME": "", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "run",
        "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }  # fmt: skip
    env = {
        **os.environ,
        **{name: str(home / folder) for name, folder in folders.items()},
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(HERE)]),
    }
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    log_path = home / "lab.log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
                "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={home / 'notebooks'}",
                f"--LabApp.app_settings_dir={home / 'app'}", "--LabApp.news_url=None",
                "--LabApp.expose_app_in_browser=True", "--ServerApp.jpserver_extensions=notebook=True",
                "--JupyterNotebookApp.expose_app_in_browser=True",
            ],
            env=env, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait_until_up(server, url, log_path)
            yield Lab(url, home / "notebooks")
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium. Not for the whole session: while it lives its loop runs, and no async test can."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--disable-component-update", "--no-first-run"]  # fmt: skip
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=flags)
        yield chromium
        chromium.close()


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"blob", "data", "about"} or parts.hostname == "127.0.0.1"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may only talk to loopback; a test fails whose page asked for anything else, or raised an error."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    context.route(lambda url: not _is_local(url), lambda route: route.abort())
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda websocket: asked.append(websocket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert [url for url in asked if not _is_local(url)] == []
    assert errors == []


@pytest.fixture
def run_notebook(lab: Lab, page: Page) -> Callable[..., None]:
    """Open a notebook (of these cells, or one that is there) in a theme, run it all, and wait until it has run."""

    def run(name: str, *cells: str, theme: str = "JupyterLab Light") -> None:
        page.goto(
            f"{lab.url}/lab/tree/{lab.write(name, *cells) if cells else name}?reset", wait_until="domcontentloaded"
        )
        page.wait_for_function("window.jupyterapp && window.jupyterapp.started", timeout=60_000)
        page.wait_for_function(
            """() => {
                const shown = window.jupyterapp.shell.currentWidget;
                const kernel = shown?.sessionContext?.session?.kernel;
                return kernel?.status === 'idle' && shown.content.widgets.length;
            }""",
            timeout=60_000,
        )
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")

    return run


@pytest.fixture
def snapshot(page: Page) -> Callable[[str], None]:
    """Keep a picture of the workbench in `.artifacts/`, to look at."""
    ARTIFACTS.mkdir(exist_ok=True)

    def take(name: str) -> None:
        page.locator(".ll-workbench").first.screenshot(path=ARTIFACTS / f"{name}.png", animations="disabled")

    return take
