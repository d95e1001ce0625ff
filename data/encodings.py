"""Bytes to text: what is certain first, then what the file says of itself, then a guess; the last two are named."""

from __future__ import annotations

import codecs

from data.errors import UserError

GUESS_BYTES = 1024  # below this, statistics of letters mislead and Windows-1252 is the better guess
# left to itself the guesser takes Russian Windows files for an old Macintosh encoding, with one wrong letter
COMMON = ["cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "shift_jis", "euc_jp",
          "gb18030", "big5", "euc_kr"]  # fmt: skip
# what a file may claim for itself; Python's other codecs are no encodings of the web, and some are slow on purpose
CLAIMED = {codecs.lookup(name).name for name in [*COMMON, "koi8_u", "gbk", "cp866", "cp874", "ascii", "iso2022_jp",
           *(f"iso8859_{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16))]}  # fmt: skip
MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
KINDS = {
    b"%PDF-": "a PDF", b"PK\x03\x04": "a ZIP, or a document of an office program",
    b"\xd0\xcf\x11\xe0": "an old office document", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture", b"\x1f\x8b": "a gzip archive", b"\x7fELF": "a program", b"MZ\x90\0": "a program",
    b"SQLite format 3\0": "a database",
}  # fmt: skip


def kind_of(content: bytes) -> str:
    """What a file is by its first bytes; "" when they tell nothing."""
    return next((kind for start, kind in KINDS.items() if content.startswith(start)), "")


def decode(content: bytes, claimed: str = "") -> tuple[str, tuple[str, ...]]:
    """Text and warnings. ``claimed`` is the encoding that the file itself names. Raises UserError if it is no text."""
    if kind := kind_of(content):
        raise UserError(f"is {kind}, not what its name says.", "Give it the ending that fits its content.")
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return _marked(content, encoding)
    if encoding := _unmarked_utf16(content):
        return content.decode(encoding, "replace"), (f"encoding guessed: {encoding}, because every other byte is zero",)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _without_utf8(content, claimed)
    lied = claimed and _codec(claimed) not in ("utf-8", "ascii") and not text.isascii()
    return text, (f"encoding guessed: it says {claimed[:40]}, but is UTF-8",) if lied else ()


def _marked(content: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    text = content.decode(encoding, "replace")
    broken = text.count("\ufffd")
    warning = f"low text quality: {broken} places that are not {encoding.upper()}"
    return text, (warning,) if broken else ()


def _unmarked_utf16(content: bytes) -> str:
    """UTF-16 of mostly Western text without its mark: nearly every other byte is zero."""
    sample = content[:4096]
    half = len(sample) // 2
    if half < 4:
        return ""
    zeros = sample[0::2].count(0), sample[1::2].count(0)
    if max(zeros) < 0.7 * half or min(zeros) > 0.05 * half:
        return ""
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _without_utf8(content: bytes, claimed: str) -> tuple[str, tuple[str, ...]]:
    mended = content.decode("utf-8", "replace")
    broken = mended.count("\ufffd")
    if sum(letter > "\x7f" for letter in mended) - broken >= 4 * broken:  # UTF-8 with some damage, nothing else
        return mended, (f"encoding guessed: UTF-8, but {broken} places are not and became \ufffd",)
    if (codec := _codec(claimed)) in CLAIMED:
        try:
            return content.decode(codec), ()
        except UnicodeDecodeError:
            pass  # it claimed what it is not: guess
    guess = _guess(content)
    try:
        text = content.decode(guess)
    except (UnicodeDecodeError, LookupError) as error:
        raise UserError("is not text in any encoding we know.", "Save it as UTF-8.") from error
    says = f"it says {claimed[:40]}, but is not; " if claimed else ""
    return text, (f"encoding guessed: {says}read as {guess}",)


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


def _guess(content: bytes) -> str:
    if len(content) < GUESS_BYTES:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(content, cp_isolation=COMMON).best()
    return best.encoding if best else "cp1252"
