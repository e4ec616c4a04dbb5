"""Build the wheel of every distribution, install them in an empty environment, and run them away from the checkout.

``python tests/wheels.py`` works in a temporary folder and ends with exit code 0 if the installed command lists every
plugin as active, the example's own tests pass there, and a small run of the embedded matrix succeeds with a first-party
captioner and with that of a distribution which ``zsbench plugins new`` has just written.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = "tests/thirdparty/zsbench-example"
DISTRIBUTIONS = (
    ".",
    "tasks",
    "plugins/gaps",
    "plugins/maccap",
    "plugins/ablations",
    "plugins/baselines",
    "plugins/pocket",
    "plugins/ray",
    EXAMPLE,
)


def call(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the checkout; its standard output."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["ZSBENCH_CACHE"] = str(cwd / "cache")
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def main(folder: Path) -> None:
    """Build, install, list, run."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = folder / "wheels"
    for distribution in DISTRIBUTIONS:
        call(sys.executable, "-m", "build", "--wheel", "--outdir", wheels, ROOT / distribution, cwd=folder)
    venv.create(folder / "env", with_pip=True, clear=True)
    python = folder / "env" / "bin" / "python"
    call(python, "-m", "pip", "install", "--quiet", *sorted(wheels.glob("*.whl")), cwd=folder)
    records = json.loads(call(python, "-Im", "zsbench", "plugins", "--json", cwd=folder))
    broken = [record for record in records if record["status"] != "active"]
    if broken or len(records) != len(DISTRIBUTIONS):
        sys.exit(f"expected {len(DISTRIBUTIONS)} active plugins, found {records}")
    call(python, "-m", "pip", "install", "--quiet", "pytest", cwd=folder)
    shutil.copytree(ROOT / EXAMPLE / "tests", folder / "example-tests", dirs_exist_ok=True)
    call(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder / "example-tests", cwd=folder)
    captioners = f"clipre,example-most-common,{write_captioner(python, folder)}"
    run = json.loads(
        call(
            python,
            "-Im",
            "zsbench",
            "run",
            "--json",
            "-c",
            captioners,
            "-t",
            "coco-karpathy-test",
            "-L",
            "20",
            cwd=folder,
        )
    )
    if [cell["status"] for cell in run["cells"]] != ["done"] * 3:
        sys.exit(f"the run did not succeed: {run}")
    print(f"{len(records)} plugins active, {len(run['cells'])} cells done")  # noqa: T201  a script tells


def write_captioner(python: Path, folder: Path) -> str:
    """Write a captioner's distribution with the installed command, install and check it; its id."""
    shutil.rmtree(folder / "zsbench-my-captioner", ignore_errors=True)
    call(python, "-Im", "zsbench", "plugins", "new", "my-captioner", "--kind", "captioner", cwd=folder)
    call(python, "-m", "pip", "install", "--quiet", "--no-deps", folder / "zsbench-my-captioner", cwd=folder)
    call(python, "-Im", "zsbench", "plugins", "check", "my-captioner", cwd=folder)
    return "my-captioner"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="zsbench-wheels-") as name:
        main(Path(name).resolve())
