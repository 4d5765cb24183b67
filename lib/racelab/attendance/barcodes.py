"""Barcodes: ST- and six digits, shown as a QR code."""

import base64
import io

import qrcode

from racelab.attendance.models import Staff


def highest_plus_one() -> str:
    """The next number as the highest row tells it now; whoever asks at the same moment is told the same."""
    taken = Staff.objects.filter(barcode__regex=r"^ST-\d{6}$").order_by("-barcode").values_list("barcode", flat=True)
    highest = taken.first()
    return f"ST-{int(highest[3:]) + 1 if highest else 1:06d}"


def picture(code: str) -> str:
    """The code as a QR picture: PNG in base64."""
    drawn = io.BytesIO()
    qrcode.make(code, box_size=6).save(drawn, "PNG")
    return base64.b64encode(drawn.getvalue()).decode()
