"""Very many soft dots by OpenGL, read back into a picture; for machines that have a GPU for it.

A hundred thousand dots take the processor some milliseconds of every frame (see `splat`). A GPU
draws them off the screen, by the same rule where they overlap: each channel keeps its larger value.
Nothing else of the picture changes, and where OpenGL is missing, or is itself computed by the
processor, the dots are drawn as before.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QOffscreenSurface, QOpenGLContext, QSurfaceFormat
from PySide6.QtOpenGL import (
    QOpenGLBuffer,
    QOpenGLFramebufferObject,
    QOpenGLShader,
    QOpenGLShaderProgram,
)

from explorer.panels.colormap import wheel
from explorer.widgets.application import running_application

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SOFTWARE: Final = ("llvmpipe", "softpipe", "swrast", "software", "basic render")
_LAYOUT: Final = np.dtype([("place", np.float32, 2), ("colour", np.uint8, 4)])
_VERTEX: Final = """
attribute highp vec2 place;
attribute lowp vec4 colour;
uniform highp vec2 size;
uniform highp float spread;
varying lowp vec4 shade;
varying highp vec2 centre;
void main() {
    gl_Position = vec4(2.0 * place / size - 1.0, 0.0, 1.0);
    gl_PointSize = spread;
    shade = colour;
    centre = place;
}
"""
# The light that a dot of this radius leaves on a pixel; see `splat.DotPainter`.
_FRAGMENT: Final = """
uniform highp float radius;
uniform lowp float opacity;
varying lowp vec4 shade;
varying highp vec2 centre;
void main() {
    highp vec2 away = abs(gl_FragCoord.xy - centre);
    highp float cover = radius < 0.75
        ? max(1.0 - away.x, 0.0) * max(1.0 - away.y, 0.0)
        : clamp(radius + 0.5 - length(away), 0.0, 1.0);
    lowp float light = opacity * cover;
    gl_FragColor = vec4(shade.rgb * light, light);
}
"""

# Of the OpenGL registry; Qt's functions take them as plain numbers.
_RENDERER: Final = 0x1F01
_FLOAT: Final = 0x1406
_UNSIGNED_BYTE: Final = 0x1401
_POINTS: Final = 0x0000
_BLEND: Final = 0x0BE2
_ONE: Final = 1
_MAX: Final = 0x8008
_COLOR_BUFFER: Final = 0x4000
_PROGRAM_POINT_SIZE: Final = 0x8642
_POINT_SPRITE: Final = 0x8861


class GlDots:
    """Draws dots off the screen. Make one by `create`; it belongs to the thread that made it."""

    def __init__(
        self,
        context: QOpenGLContext,
        surface: QOffscreenSurface,
        program: QOpenGLShaderProgram,
        buffer: QOpenGLBuffer,
    ) -> None:
        self._context = context
        self._surface = surface
        self._program = program
        self._buffer = buffer
        self._target: QOpenGLFramebufferObject | None = None
        self._colours = np.rint(255 * np.column_stack([wheel(), np.ones(len(wheel()))])).astype(
            np.uint8
        )

    @classmethod
    def create(cls, *, software: bool = False) -> GlDots | None:
        """Set OpenGL up; None where there is none that is worth using.

        Args:
            software: Take an OpenGL that the processor computes as well.
        """
        wanted = QSurfaceFormat()
        wanted.setVersion(2, 1)
        context = QOpenGLContext()
        context.setFormat(wanted)
        if not context.create():
            return None
        surface = QOffscreenSurface()
        surface.setFormat(context.format())
        surface.create()
        if not (surface.isValid() and context.makeCurrent(surface)):
            return None
        renderer = str(context.functions().glGetString(_RENDERER)).lower()
        if not software and any(name in renderer for name in _SOFTWARE):
            return None
        program = QOpenGLShaderProgram()
        stages = QOpenGLShader.ShaderTypeBit
        compiled = program.addShaderFromSourceCode(
            stages.Vertex, _VERTEX
        ) and program.addShaderFromSourceCode(stages.Fragment, _FRAGMENT)
        buffer = QOpenGLBuffer(QOpenGLBuffer.Type.VertexBuffer)
        buffer.setUsagePattern(QOpenGLBuffer.UsagePattern.StreamDraw)
        if not (compiled and program.link() and buffer.create()):
            return None
        return cls(context, surface, program, buffer)

    def draw(
        self,
        size: tuple[int, int],
        points: NDArray[np.float32],
        hue: NDArray[np.uint8],
        radius: float,
        opacity: float,
    ) -> QImage | None:
        """Draw dots onto nothing.

        Args:
            size: Width and height of the picture in pixels.
            points: Centres in pixels, row 0 on top, shape (n, 2); NaN is left out.
            hue: Which colour of the wheel each has, shape (n,).
            radius: In pixels; below 0.75 a dot is one pixel's light, spread over its neighbours.
            opacity: Of a dot's middle.

        Returns:
            ARGB32_Premultiplied; None where the GPU is gone.
        """
        if not self._context.makeCurrent(self._surface):
            return None
        target = self._fitting(QSize(*size))
        if not target.bind():
            return None
        seen = np.isfinite(points).all(axis=1)
        data = np.empty(int(seen.sum()), _LAYOUT)
        data["place"] = points[seen]
        data["colour"] = self._colours[hue[seen]]
        self._run(data, size, radius, opacity)
        target.release()
        image = target.toImage(False)  # the first row of the picture was drawn as OpenGL's lowest
        return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)

    def _fitting(self, size: QSize) -> QOpenGLFramebufferObject:
        if self._target is None or self._target.size() != size:
            self._target = QOpenGLFramebufferObject(size)
        return self._target

    def _run(
        self, data: NDArray[np.void], size: tuple[int, int], radius: float, opacity: float
    ) -> None:
        gl, program = self._context.functions(), self._program
        gl.glViewport(0, 0, *size)
        gl.glClearColor(0, 0, 0, 0)
        gl.glClear(_COLOR_BUFFER)
        if not len(data):
            return
        if not self._context.isOpenGLES():
            gl.glEnable(_PROGRAM_POINT_SIZE)
            gl.glEnable(_POINT_SPRITE)
        gl.glEnable(_BLEND)
        gl.glBlendEquation(_MAX)
        gl.glBlendFunc(_ONE, _ONE)
        program.bind()
        self._buffer.bind()
        self._buffer.allocate(data.tobytes(), data.nbytes)
        for name, offset, kind, count in (
            ("place", 0, _FLOAT, 2),
            ("colour", 8, _UNSIGNED_BYTE, 4),
        ):
            place = program.attributeLocation(name)
            program.enableAttributeArray(place)
            program.setAttributeBuffer(place, kind, offset, count, _LAYOUT.itemsize)
        for name, value in (("radius", radius), ("opacity", opacity), ("spread", 2 * radius + 3)):
            program.setUniformValue1f(program.uniformLocation(name), value)
        width, height = size
        program.setUniformValue(program.uniformLocation("size"), float(width), float(height))
        gl.glDrawArrays(_POINTS, 0, len(data))
        self._buffer.release()
        program.release()


@lru_cache(maxsize=1)
def shared() -> GlDots | None:
    """The one of this process, made when it is first asked for; None where there is none."""
    dots = GlDots.create()
    if dots is not None:  # while there still is an application for it to end in
        running_application().aboutToQuit.connect(shared.cache_clear)
    return dots
