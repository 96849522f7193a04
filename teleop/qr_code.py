"""An address as a picture for a phone's camera, in a terminal."""

import io

import segno


def qr_code(text: str) -> str:
    """A QR code in half blocks, the light squares in the colour of writing, so to be printed light on dark."""
    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()
