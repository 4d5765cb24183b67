"""Makes an SVG file safe to stand inside an HTML page: known elements and attributes only, names of its own, our
colours.

No script, style sheet, link or picture from elsewhere survives; ids get a prefix, so that several figures can stand
in one page. It reads text and returns text.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from mendbook.charts.palette import FAINT, INK, PAPER
from mendbook.display import inert

_ELEMENTS = "svg g path defs use rect circle ellipse line polyline polygon clipPath pattern stop text tspan"
_ATTRIBUTES = """
id d style transform x y x1 y1 x2 y2 cx cy r rx ry width height points viewBox clip-path clip-rule fill
fill-rule fill-opacity stroke stroke-width stroke-opacity stroke-dasharray stroke-linejoin stroke-linecap opacity
offset stop-color patternUnits patternTransform preserveAspectRatio text-anchor font-size
"""
_KNOWN_ELEMENTS, _KNOWN_ATTRIBUTES = frozenset(_ELEMENTS.split()), frozenset(_ATTRIBUTES.split())
_FOREIGN = re.compile(r"(?i)url\(\s*(?!#)|expression|@import|javascript:|\\")
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
# A chart is drawn for white paper; in a page, ink and lines follow the page, also when it is dark.
_COLOURS = {INK: "var(--ink)", FAINT: "var(--line)", PAPER: "var(--page)", "#ffffff": "none"}


@dataclass(frozen=True, slots=True)
class InlineFigure:
    """An SVG as markup for a page, with its ``title`` and its ``description`` in words."""

    title: str
    description: str
    markup: str


def inline(text: str, prefix: str) -> InlineFigure:
    """The SVG document ``text`` as an ``InlineFigure`` whose ids start with ``prefix``. Raises ValueError if it is
    none."""
    if "<!ENTITY" in text:
        raise ValueError("An SVG that defines entities is not shown.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as failure:
        raise ValueError(f"Not an SVG document: {failure}.") from failure
    if _name(root) != "svg":
        raise ValueError(f"Not an SVG document but {_name(root)!r}.")
    title = (root.findtext(f".//{_DUBLIN_CORE}title") or "").strip()
    description = (root.findtext(f".//{_DUBLIN_CORE}description") or "").strip()
    label = html.escape(inert(" ".join(f"{title}. {description}".split())))
    inner = "".join(_markup(child, prefix) for child in root)
    box = html.escape(root.get("viewBox", "0 0 600 300"))
    style = "stroke-linejoin:round;stroke-linecap:butt"  # what matplotlib says in a style sheet, which would reach the page
    markup = f'<svg viewBox="{box}" role="img" aria-label="{label}" style="{style}">{inner}</svg>'
    return InlineFigure(title, description, markup)


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _markup(element: ElementTree.Element, prefix: str) -> str:
    name = _name(element)
    if name not in _KNOWN_ELEMENTS:
        return ""
    attributes = "".join(
        f' {key}="{html.escape(value)}"' for raw, text in element.items() if (value := _value(key := _key(raw), text, prefix))
    )
    inner = html.escape(inert(element.text)) if name in ("text", "tspan") and element.text else ""
    return f"<{name}{attributes}>{inner}{''.join(_markup(child, prefix) for child in element)}</{name}>"


def _key(raw: str) -> str:
    return raw.rpartition("}")[2]


def _value(key: str, text: str, prefix: str) -> str:
    """The attribute's value as the page may have it; "" where it may not."""
    if key == "href":
        return f"#{prefix}-{text[1:]}" if text.startswith("#") else ""
    if key not in _KNOWN_ATTRIBUTES or _FOREIGN.search(text):
        return ""
    if key == "id":
        return f"{prefix}-{text}"
    value = re.sub(r"url\(\s*#", f"url(#{prefix}-", text)
    if key == "style":
        for colour, ours in _COLOURS.items():
            value = value.replace(colour, ours)
    return value
