"""Shared by all tests: Qt draws offscreen, settings stay in a temporary folder, nothing survives."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
