"""Notebooks with the outputs that their cells give: carried out by the interpreter that runs this, in a folder of their own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NAME = "of-this-interpreter"
SECONDS = 600
"""For one cell; the first compiles where nothing is compiled yet."""
METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
"""What a notebook says of its kernel: nothing that differs between the Pythons that it runs on."""


def page(text: str) -> str:
    """The notebook, carried out."""
    import nbformat

    notebook = nbformat.reads(text, as_version=4)
    with TemporaryDirectory() as folder:
        _carry_out(notebook, Path(folder))
    notebook.metadata = nbformat.from_dict(METADATA)
    return nbformat.writes(notebook) + "\n"


def _carry_out(notebook: Any, folder: Path) -> None:
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    spec = folder / "kernels" / NAME / "kernel.json"
    spec.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "--log-level=40", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": command, "display_name": NAME, "language": "python"}))
    manager = AsyncKernelManager(
        kernel_name=NAME, kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(spec.parent.parent)]), connection_file=str(folder / "kernel.json"),
    )  # fmt: skip
    root = str(Path(__file__).resolve().parent.parent.parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_") or name == "LOYALTY_KERNEL_CACHE"}
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    client = NotebookClient(notebook, km=manager, timeout=SECONDS, record_timing=False, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**kept, "PYTHONPATH": path, "IPYTHONDIR": str(folder / "ipython")})
