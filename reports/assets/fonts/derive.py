"""Writes VigieSans-Regular.woff2 and VigieSans-Bold.woff2, the part of Source Sans 3 that the HTML twin carries.

    python3 -m venv /tmp/fonts && /tmp/fonts/bin/pip install fonttools==4.60.1 brotli==1.1.0
    /tmp/fonts/bin/python reports/assets/fonts/derive.py

The licence reserves the name "Source" to the original: what is cut out of it is named otherwise.
"""

from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parent
FAMILY = "Vigie Sans"
# Western and central European Latin, French punctuation and spaces, arrows, triangles, signs of comparison.
CHARACTERS = (
    "U+20-7E,U+A0-17F,U+192,U+2C6,U+2DA,U+2DC,U+2009,U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+202F,U+2030,"
    "U+2032,U+2033,U+2039,U+203A,U+2044,U+2070-209C,U+20AC,U+2116,U+2122,U+2190-2199,U+2202,U+2206,U+2211,U+2212,"
    "U+2248,U+2260,U+2264,U+2265,U+25A0-25FF"
)
KEPT_NAMES = (0, 13, 14)  # copyright, licence, its address

for style in ("Regular", "Bold"):
    font = TTFont(FOLDER / f"SourceSans3-{style}.otf", recalcTimestamp=False)
    options = subset.Options(flavor="woff2", layout_features=["ccmp", "kern", "liga", "locl", "mark", "mkmk"])
    options.name_IDs = list(KEPT_NAMES)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=subset.parse_unicodes(CHARACTERS))
    subsetter.subset(font)
    postscript = f"{FAMILY.replace(' ', '')}-{style}"
    for number, text in {1: FAMILY, 2: style, 3: postscript, 4: f"{FAMILY} {style}", 6: postscript}.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames = [postscript]
    top = cff.topDictIndex[0]
    top.FamilyName, top.FullName = FAMILY, f"{FAMILY} {style}"
    font.flavor = "woff2"
    font.save(FOLDER / f"VigieSans-{style}.woff2")
