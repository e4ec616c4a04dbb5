"""``python -m zsbench`` is the ``zsbench`` command."""

from __future__ import annotations

from zsbench.cli import main

if __name__ == "__main__":
    main()
