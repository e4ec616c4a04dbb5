"""Files of predictions and references, written where the test runs."""

import json

import pytest


@pytest.fixture
def write(tmp_path):
    """Write a file; JSON unless it is text or bytes."""

    def _write(content, name="file.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else json.dumps(content)
            path.write_text(text, encoding="utf-8", newline="")
        return path

    return _write
