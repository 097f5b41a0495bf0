"""The lines of a file, whatever it is packed with and written in: both are seen in its bytes, never in its name."""

import bz2
import codecs
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import IncrementalNewlineDecoder
from itertools import chain
from os.path import isdir, isfile  # a name that no file can have is False there, and an error in pathlib
from pathlib import Path

from pmtech.files import reason

BLOCK = 1 << 18
PIECE = 256  # bytes: so much of what is packed is lost where it is damaged
LONGEST = 1 << 24  # characters of a line
PACKED: dict[bytes, tuple[str, Callable]] = {
    b"\x1f\x8b\x08": ("gzip", lambda: zlib.decompressobj(31)),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": ("xz", lzma.LZMADecompressor),
}
# Where, which bytes, and what it is: named, for they hold no lines.
NO_LINES = (
    (0, b"\x28\xb5\x2f\xfd", "is packed with zstd, which can't be unpacked here: unpack it first (zstd -d)"),
    (0, b"\x04\x22\x4d\x18", "is packed with lz4, which can't be unpacked here: unpack it first (lz4 -d)"),
    (0, b"PK\x03\x04", "is a zip archive, or an Excel workbook: unpack it, or save it as CSV, first"),
    (0, b"7z\xbc\xaf\x27\x1c", "is a 7z archive: unpack it first"),
    (257, b"ustar", "is an archive of several files (tar): unpack it first, and name one of them"),
    (0, b"PAR1", "is a Parquet file: save it as CSV first"),
    (0, b"SQLite format 3", "is a SQLite database: save the table as CSV first"),
    (0, b"%PDF", "is a PDF document"),
)
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class Lines:
    """Lists of lines, without their ends. Raises ValueError if there is no such file, or what is in it has no lines.

    Once they are through, `broke_off` says whether the file ends in the middle of what was packed: the line that is not
    whole is then left out; `harm` says what was not read for that, or because of damage. `written` says what the file is
    packed with and written in, if not plainly.
    """

    def __init__(self, path: Path):
        self.path, self.written, self.broke_off, self.harm = path, [], False, ""
        if not isfile(path):
            what = "that is a folder" if isdir(path) else f"looked for {path.absolute()}"
            raise ValueError(f'there is no file "{path}" to read requests from: {what}')

    def __iter__(self) -> Iterator[list[str]]:
        try:
            with self.path.open("rb") as file:
                yield from self._lines(self._unpacked(iter(lambda: file.read(BLOCK), b"")))
        except OSError as failed:
            raise ValueError(f'"{self.path}" can\'t be read: {reason(failed)}') from None

    def _unpacked(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        head = next(blocks, b"")
        for begins, (name, unpacker) in PACKED.items():
            if head.startswith(begins):
                self.written.append(name)
                return self._unpacked(_gathered(self._unpack(chain([head], blocks), begins, unpacker)))
        for where, begins, what in NO_LINES:
            if head.startswith(begins, where):
                raise ValueError(f'"{self.path.name}" {what}')
        return chain([head], blocks)

    def _unpack(self, blocks: Iterable[bytes], begins: bytes, new: Callable) -> Iterator[bytes]:
        """Of several archives, which may follow one another with zeros between them. Behind damage, the next one."""
        unpacker, held = new(), b""
        for piece in (block[n : n + PIECE] for block in blocks for n in range(0, len(block), PIECE)):
            if unpacker is None:
                held += piece
                if (at := held.find(begins)) < 0:
                    held = held[1 - len(begins) :]
                    continue
                unpacker, piece = new(), held[at:]
                yield b"\xff\n"  # ends the line that is not whole, and that none can be read with
            try:
                while piece := piece.lstrip(b"\0") if unpacker.eof else piece:
                    unpacker = new() if unpacker.eof else unpacker
                    yield unpacker.decompress(piece)
                    piece = unpacker.unused_data if unpacker.eof else b""
            except (zlib.error, lzma.LZMAError, OSError, ValueError):
                self.harm = "only what could be unpacked was read, and lines next to the damage may be wrong"
                unpacker, held = None, piece[1:]
        if unpacker is None or not unpacker.eof:
            self.broke_off = True
            self.harm = self.harm or "only what stands before that was read"

    def _lines(self, blocks: Iterator[bytes]) -> Iterator[list[str]]:
        head = next(blocks, b"")
        encoding = _encoding(head)
        self.written += [encoding.upper()] * encoding.startswith("utf-16")
        decoder = IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("replace"), translate=True)
        lines, rest = [], ""
        for block in chain([head], blocks):
            if lines:
                yield lines
            *lines, rest = (rest + decoder.decode(block)).replace("\0", "").split("\n")  # some logs are padded with 0
            if len(rest) > LONGEST:
                raise ValueError(f'"{self.path.name}" is no access log: it has no lines, or one without an end')
        rest += decoder.decode(b"", final=True)
        yield lines + [rest] * (rest != "" and not self.broke_off)


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in larger blocks."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= BLOCK:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _encoding(head: bytes) -> str:
    marked = [name for mark, name in MARKS.items() if head.startswith(mark)]
    even, odd = (head[n::2].count(0) / max(1, len(head) // 2) for n in (0, 1))
    if not marked and max(even, odd) > 0.5 and min(even, odd) < 0.1:  # letters of two bytes, one of which is 0
        return "utf-16-le" if odd > even else "utf-16-be"
    return marked[0] if marked else "utf-8"
