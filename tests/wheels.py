"""Build the wheel of every distribution, install them in an empty environment, and run them away from the checkout.

``python tests/wheels.py FOLDER`` works in FOLDER and ends with exit code 0 if the installed command lists every
plugin as active and a small run of the embedded matrix succeeds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DISTRIBUTIONS = (
    ".",
    "tasks",
    "plugins/gaps",
    "plugins/maccap",
    "plugins/ablations",
    "plugins/baselines",
    "plugins/pocket",
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
    run = json.loads(
        call(python, "-Im", "zsbench", "run", "--json", "--captioners", "clipre", "--limit", "20", cwd=folder)
    )
    if [cell["status"] for cell in run["cells"]] != ["done"]:
        sys.exit(f"the run did not succeed: {run}")
    print(f"{len(records)} plugins active, {len(run['cells'])} cell done")  # noqa: T201  a script tells


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
