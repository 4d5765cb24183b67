"""What all charts share: a figure that can tell in words what it shows, one style, and files that are the same each
time.

pyplot and its global state are never touched, so charts work in threads, notebooks and batch jobs alike.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
from matplotlib.figure import Figure

from mendbook.charts.palette import FAINT, INK
from mendbook.files.publish import output_error, publish

Drawing = ParamSpec("Drawing")

_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    # as near as matplotlib puts them, the 0 of the one axis stands on the first label of the other
    "xtick.major.pad": 7.0,
    "hatch.linewidth": 1.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "mendbook",
    "path.simplify": False,
}


class Chart(Figure):
    """A figure that knows its ``title`` (a line) and ``description`` (what it shows, in words, for those who cannot
    see it)."""

    title: str = ""
    description: str = ""

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        # PNG rather than SVG: JupyterLab shows SVG only in notebooks that the reader has chosen to trust.
        png = base64.b64encode(_rendered(self, "png")).decode("ascii")
        data = {"image/png": png, "text/plain": f"{self.title}. {self.description}"}
        return data, {"image/png": {"width": int(self.get_figwidth() * 90)}}


def styled_chart(draw: Callable[Drawing, Chart]) -> Callable[Drawing, Chart]:
    """``draw`` under our style, and nobody else's: a style set in the notebook does not reach the charts."""

    @wraps(draw)
    def drawn(*given: Drawing.args, **named: Drawing.kwargs) -> Chart:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_STYLE)
            return draw(*given, **named)

    return drawn


def _rendered(chart: Figure, form: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    title, description = getattr(chart, "title", ""), getattr(chart, "description", "")
    buffer = io.BytesIO()
    with matplotlib.rc_context(_STYLE):
        chart.set_facecolor("white")
        if form == "svg":
            # No date and no version: the same data gives the same bytes.
            plain = {"Date": None, "Creator": "mendbook", "Title": title, "Description": description}
            chart.set_dpi(72)
            FigureCanvasSVG(chart).print_svg(buffer, metadata=plain)
        else:
            chart.set_dpi(180)
            FigureCanvasAgg(chart).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def save(chart: Figure, folder: Path, name: str) -> list[Path]:
    """Write ``chart`` as ``name``.png and ``name``.svg into ``folder`` (made where it is missing) and return both
    paths.

    Text in the SVG is drawn as shapes, so that it needs no font and holds no markup. Raises OutputError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise output_error(folder, failure) from failure
    return [publish(folder / f"{name}.{form}", _rendered(chart, form)) for form in ("svg", "png")]
