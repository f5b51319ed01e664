"""One known font for all tests, wherever they run and whatever else is installed.

Layouts are measured by the width of their words, and the same font is a tenth wider or narrower
from one release of Debian's font set-up to the next.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

INSTALLED = Path("/usr/share/fonts/truetype/dejavu")
FACES = ("DejaVuSansCondensed", "DejaVuSansMono", "DejaVuSerifCondensed")
CONFIGURATION = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}</dir>
  <cachedir>{folder}</cachedir>
  <include ignore_missing="yes">/etc/fonts/conf.d</include>
</fontconfig>
"""


def pin() -> None:
    """Let fontconfig know that font alone, here and in all programs that are started from here."""
    faces = [face for name in FACES for face in INSTALLED.glob(f"{name}*.ttf")]
    if not faces or "FONTCONFIG_FILE" in os.environ:
        return
    folder = Path(tempfile.gettempdir()) / f"flow-explorer-fonts-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for face in faces:
        link = folder / face.name
        if not link.exists():
            link.symlink_to(face)
    configuration = folder / "fonts.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
    os.environ["FONTCONFIG_FILE"] = str(configuration)
