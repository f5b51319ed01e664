"""The documentation's Python is run as it stands, block by block, in one namespace."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_of_the_python_page_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    blocks = list(BLOCK.finditer(text))
    for block in blocks:
        # lines keep their numbers, so that a failure names its line of the page
        source = "\n" * text.count("\n", 0, block.start(1)) + block[1]
        exec(compile(source, str(PAGE), "exec"), names)
    assert len(blocks) > 10
    assert names["again"].report.step == 150
    assert [step for step, _ in names["seen"]] == [1, 2, 3, 4, 5]
    assert names["log_prob"].dtype == "float64"


def test_every_error_of_the_page_is_there():
    import flowengine as fe

    named = re.findall(r"^\| `fe\.(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert named
    assert all(issubclass(getattr(fe, name), fe.FlowError) for name in named)
