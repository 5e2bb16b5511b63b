"""PDF files, written object by object."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(*boxes: str, content: bytes = b"1 0 0 rg 0 0 9999 9999 re f", trailer: str = "") -> bytes:
    """Return a PDF with a page for each media box, with this content."""
    pages = [
        f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 3 0 R>>".encode() for box in boxes
    ]
    kids = " ".join(f"{number + 4} 0 R" for number in range(len(boxes)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(boxes)}/Kids[{kids}]>>".encode(),
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        *pages,
    ]
    return _file(objects, trailer)


def filled_in_pdf() -> bytes:
    """Return a PDF of one page with a filled form field, all blue."""
    drawn = b"0 0 1 rg 0 0 100 100 re f"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/F 4/Rect[0 0 100 100]/AP<</N 5 0 R>>>>",
        b"<</Type/XObject/Subtype/Form/BBox[0 0 100 100]/Length %d>>stream\n%s\nendstream"
        % (len(drawn), drawn),
    ]
    return _file(objects, "")


def encrypted_pdf() -> bytes:
    """Return a PDF that needs a password (ISO 32000-1, 7.6)."""
    keys = f"/O<{'11' * 32}>/U<{'22' * 32}>"
    encrypt = f"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -44{keys}>>/ID[<33><33>]"
    return pdf("0 0 200 100", trailer=encrypt)


def _file(objects: Sequence[bytes], trailer: str) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = f"trailer <</Size {len(objects) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{len(out)}\n%%EOF"
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end.encode()
