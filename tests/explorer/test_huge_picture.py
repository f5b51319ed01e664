"""A picture that is too large is refused with its own size and the limit, in both languages."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from explorer.words.languages import translator
from flowengine.project import Project
from tests.engine.pictures import png_declaring
from tests.explorer.windows import shown_window

NO_KEY = Qt.KeyboardModifier.NoModifier
SAID = {
    "en": "huge.png has 20,000 × 20,000 pixels; a picture may have 20,000 on a side and "
    "100,000,000 in all",
    "vi": "huge.png có 20,000 × 20,000 điểm ảnh; một hình được phép có 20,000 mỗi cạnh và tất cả "
    "100,000,000",
}


@pytest.mark.parametrize("language", SAID)
def test_a_huge_picture_that_is_dropped_is_refused_with_its_size(
    qtbot, qapp, monkeypatch, tmp_path, language
):
    path = tmp_path / "huge.png"
    path.write_bytes(png_declaring(20_000, 20_000))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    with shown_window(Project(), qtbot, qapp, monkeypatch, particles=50) as window:
        before = window.store.project
        translator.set_language(language)
        how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, NO_KEY
        QApplication.sendEvent(window, QDragEnterEvent(QPoint(5, 5), *how))
        QApplication.sendEvent(window, QDropEvent(QPointF(5, 5), *how))
        qtbot.waitUntil(lambda: window.banner.text != "", timeout=10_000)
        assert window.banner.text.endswith(SAID[language])
        assert window.store.project == before
