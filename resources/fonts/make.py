"""Makes the files of this folder from Debian's package `fonts-inter`; README says how.

    python resources/fonts/make.py FOLDER

FOLDER holds `Inter-Regular.otf` and `Inter-SemiBold.otf`. Needs fonttools, brotli and skia-pathops,
which the program itself does not.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pathops
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.transform import Transform
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
from fontTools.subset import Options, Subsetter, load_font, save_font
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
FACES = ("Inter-Regular", "Inter-SemiBold")
SIGNS = "Flow Explorer Signs"
# What a page says itself, and what a title of it is likely to hold.
PAGE = (
    *range(0x20, 0x7F), *range(0xA0, 0x180), 0x1A0, 0x1A1, 0x1AF, 0x1B0, 0x300, 0x301, 0x303,
    0x309, 0x323, *range(0x391, 0x3CA), *range(0x1EA0, 0x1EFA), *range(0x2010, 0x2027), 0x2032,
    *range(0x2070, 0x20A0), *range(0x2190, 0x2194), 0x2202, 0x2206, 0x220F, 0x2211, 0x2212, 0x221A,
    0x221E, 0x222B, 0x2248, 0x2260, 0x2264, 0x2265,
)  # fmt: skip
FEATURES = ("kern", "tnum", "ccmp", "mark", "mkmk", "locl")
STROKE, WIDE, MIDDLE = 300, 2200, 960  # of a sign for a line, in units of the em
HALF_WIDE = WIDE / 2


def box(pen: pathops.PathPen, left: float, right: float, stroke: float = STROKE) -> None:
    """A piece of a line across the middle of the letters."""
    low, high = MIDDLE - stroke / 2, MIDDLE + stroke / 2
    polygon(pen, (left, low), (right, low), (right, high), (left, high))


def polygon(pen: pathops.PathPen, *corners: tuple[float, float]) -> None:
    """A shape with straight sides."""
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()


def dashes(pen: pathops.PathPen, count: int) -> None:
    """A line of that many pieces."""
    step = WIDE / count
    for k in range(count):
        box(pen, (k + 0.15) * step, (k + 0.85) * step)


def signs(inter: TTFont, stronger: TTFont) -> dict[int, tuple[pathops.Path, float]]:
    """Outline and width of each sign that Inter lacks; `stronger` gives what is made smaller."""

    def letter(char: str, *change: float, font: TTFont = inter) -> pathops.Path:
        path = pathops.Path()
        glyphs = font.getGlyphSet()
        glyph = glyphs[font.getBestCmap()[ord(char)]]
        glyph.draw(TransformPen(path.getPen(glyphSet=glyphs), Transform(*change)))
        return path

    def width(char: str, font: TTFont = inter) -> float:
        return font.getGlyphSet()[font.getBestCmap()[ord(char)]].width

    def drawn(draw, *arguments, width: float = WIDE) -> tuple[pathops.Path, float]:  # noqa: ANN001, ANN002
        path = pathops.Path()
        draw(path.getPen(), *arguments)
        return path, width

    top = letter("Δ").bounds[3]
    infinity = letter("∞")
    left, low, right, high = infinity.bounds
    cut = left + 0.8 * (right - left)
    clip = pathops.Path()
    polygon(clip.getPen(), (left, low), (cut, low), (cut, high), (left, high))
    proportional = pathops.op(infinity, clip, pathops.PathOp.INTERSECTION)
    raised = 0.6, 0, 0, 0.6, 0, 0.42 * top

    def half_thin(pen: pathops.PathPen) -> None:
        box(pen, 0, HALF_WIDE, STROKE / 3)
        box(pen, HALF_WIDE, WIDE)

    def triangle(pen: pathops.PathPen) -> None:
        polygon(pen, (240, 1260), (800, 580), (1360, 1260))

    return {
        ord("∇"): (letter("Δ", 1, 0, 0, -1, 0, top), width("Δ")),
        ord("∝"): (proportional, cut + left),
        ord("ᵀ"): (letter("T", *raised, font=stronger), 0.6 * width("T", stronger)),
        ord("━"): drawn(box, 0, WIDE),
        ord("╍"): drawn(dashes, 2),
        ord("┅"): drawn(dashes, 3),
        ord("╼"): drawn(half_thin),
        ord("▾"): drawn(triangle, width=1600),
    }


def make_signs(source: TTFont, stronger: TTFont, target: Path) -> None:
    """Write the font of the signs, as high as Inter."""
    drawings = signs(source, stronger)
    names = {code: f"uni{code:04X}" for code in drawings}
    builder = FontBuilder(source["head"].unitsPerEm, isTTF=False)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    shapes, metrics = {".notdef": T2CharStringPen(0, None).getCharString()}, {".notdef": (0, 0)}
    for code, (path, width) in drawings.items():
        path.simplify(clockwise=False)
        pen = T2CharStringPen(round(width), None)
        path.draw(pen)
        shapes[names[code]] = pen.getCharString()
        metrics[names[code]] = (round(width), round(path.bounds[0]))
    builder.setupCFF(SIGNS.replace(" ", ""), {"FullName": SIGNS}, shapes, {})
    builder.setupHorizontalMetrics(metrics)
    heights = source["hhea"]
    builder.setupHorizontalHeader(ascent=heights.ascent, descent=heights.descent)
    builder.setupNameTable(
        {
            "copyright": "Derived from Inter, copyright 2020 The Inter Project Authors",
            "familyName": SIGNS,
            "styleName": "Regular",
            "psName": SIGNS.replace(" ", ""),
            "licenseDescription": source["name"].getDebugName(13),
            "licenseInfoURL": source["name"].getDebugName(14),
        }
    )
    builder.setupOS2(
        sTypoAscender=heights.ascent, sTypoDescender=heights.descent,
        usWinAscent=heights.ascent, usWinDescent=-heights.descent,
    )  # fmt: skip
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = source["head"].modified
    builder.font.recalcTimestamp = False
    builder.save(target)


def make_page_face(source: Path, target: Path) -> None:
    """Write a face for web pages: fewer letters, compressed."""
    options = Options(flavor="woff2", layout_features=FEATURES, name_IDs=[0, 1, 2, 13, 14])
    options.hinting, options.desubroutinize = False, False
    font = load_font(source, options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=PAGE)
    subsetter.subset(font)
    save_font(font, target, options)


def main(folder: Path) -> None:
    """Make all files."""
    for face in FACES:
        shutil.copyfile(folder / f"{face}.otf", HERE / f"{face}.otf")
        make_page_face(folder / f"{face}.otf", HERE / f"{face}.woff2")
    make_signs(*(TTFont(folder / f"{face}.otf") for face in FACES), HERE / "Signs.otf")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
