"""Plans a matrix again and again in one process, for tests that edit the sources in between.

Reads one JSON request a line: ``overrides`` of the matrix, ``versions`` of libraries to pretend. Answers with the stages:
kind, label and key. Code is hashed from the files as they are now; nothing that is edited is imported again.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path

from zsbench.code import modules
from zsbench.config import read_matrix
from zsbench.data_roots import find_data_root
from zsbench.errors import ZsbenchError
from zsbench.fingerprints import FileHashes
from zsbench.plan import PlanOptions, make_plan
from zsbench.plugins import PluginControl, load_plugins
from zsbench_pocket.plugin import embedded_matrix

REAL_VERSION = metadata.Distribution.version.fget


def pretend(versions):
    """Let distributions have other versions."""
    modules.installed_version.cache_clear()

    def version(self):
        return versions.get(self.name.lower(), REAL_VERSION(self))

    metadata.Distribution.version = property(version)


def main():
    """Answer requests until there are no more."""
    cache, files = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    plugins = load_plugins(control=PluginControl(files=tuple(files)))
    for line in sys.stdin:
        request = json.loads(line)
        pretend(request["versions"])
        matrix = read_matrix(embedded_matrix(), request["overrides"])
        root = find_data_root(matrix.data_root, plugins.registry, cache)
        hashes = FileHashes(None if request["versions"] else cache)
        try:
            plan = make_plan(matrix, plugins.registry, root, PlanOptions(hashes))
        except ZsbenchError as error:
            answer = {"error": str(error)}
        else:
            answer = {"stages": [[stage.kind, stage.label, stage.key] for stage in plan.stages.values()]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
