"""How a log is packed and written is seen in its bytes; what is not whole is read as far as it goes; the rest is named."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import warnings
import zipfile

import pytest

from pmtech.traces.access_log import read_log

TOKENS = random.Random(1)
LINES = "".join(
    f'10.0.0.{n % 7} - - [01/Mar/2026:10:{n // 60:02}:{n % 60:02} +0000] "GET /{n % 5}?{TOKENS.random()} HTTP/1.1" 200 5\n'
    for n in range(2000)
)
RAW, GZ = LINES.encode(), gzip.compress(LINES.encode())


@pytest.fixture
def read(tmp_path):
    def read(data, name="access.log"):
        path = tmp_path / name
        path.write_bytes(data)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            log = read_log(path)
        # A socket that another test left open is found at any moment, and said, too.
        read.said = [str(warning.message) for warning in caught if warning.category is UserWarning]
        return log

    return read


@pytest.mark.parametrize(
    ("name", "data", "written"),
    [
        ("access.log", RAW, ""),
        ("access.log.gz", RAW, ""),
        ("access.log", GZ, ", gzip"),
        ("access.log.gz.3", GZ, ", gzip"),
        ("rotated.gz", gzip.compress(RAW[:5000]) + b"\0" * 512 + gzip.compress(RAW[5000:]), ", gzip"),
        ("twice", gzip.compress(GZ), ", gzip, gzip"),
        ("a.log", bz2.compress(RAW), ", bzip2"),
        ("a.log", lzma.compress(RAW), ", xz"),
        ("from-powershell.log", LINES.encode("utf-16"), ", UTF-16"),
        ("big-endian", b"\xfe\xff" + LINES.encode("utf-16-be"), ", UTF-16"),
        ("no-mark", LINES.encode("utf-16-le"), ", UTF-16-LE"),
        ("no-mark", LINES.encode("utf-16-be"), ", UTF-16-BE"),
        ("packed", gzip.compress(LINES.encode("utf-16")), ", gzip, UTF-16"),
        ("marked", LINES.encode("utf-8-sig"), ""),
        ("windows", RAW.replace(b"\n", b"\r\n"), ""),
        ("old", RAW.replace(b"\n", b"\r"), ""),
        ("copytruncate", b"\0" * 1_000_000 + RAW, ""),
        ("latin", RAW.replace(b"10.0.0.3", b"Z\xfcrich"), ""),
        ("no-end", RAW[:-1], ""),
    ],
)
def test_a_log_is_read_however_it_is_packed_and_written(read, name, data, written):
    log = read(data, name)
    assert (len(log), log.broken, len(log.callers), read.said) == (2000, 0, 7, [])
    assert log.read_as == "common or combined (Apache, nginx)" + written


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_of_an_archive_that_breaks_off_the_whole_lines_are_read(read, pack, kept):
    packed = pack(RAW)
    log = read(packed[: int(kept * len(packed))])
    assert 0 < len(log) < 2000 and log.broken == 0
    assert log.table.endpoint.tolist() == [f"/{n % 5}" for n in range(len(log))]
    assert read.said == ["access.log breaks off, or is damaged: only what stands before that was read"]


def test_an_archive_that_is_damaged_is_said_to_be(read):
    damaged = bytearray(GZ)
    damaged[len(GZ) // 2] ^= 255
    assert 0 < len(read(bytes(damaged))) < 2000
    assert "access.log breaks off, or is damaged" in read.said[0]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("harm", [b"\0" * 300, b"", b"\xff\x1f\x8b"], ids=["zeros", "gone", "noise"])
def test_of_archives_in_a_row_of_which_one_is_damaged_the_others_are_read(read, pack, harm):
    each = [pack("".join(LINES.splitlines(True)[n : n + 500]).encode()) for n in range(0, 2000, 500)]
    middle = len(each[1]) // 2
    each[1] = each[1][:middle] + harm + each[1][middle + 300 :]
    log = read(b"".join(each))
    endpoints = log.table.endpoint.tolist()
    assert 1500 <= len(log) < 2000
    assert endpoints[:500] + endpoints[-1000:] == [f"/{n % 5}" for n in [*range(500), *range(1000, 2000)]]
    assert "access.log breaks off, or is damaged: only what could be unpacked was read" in read.said[-1]


def archive(open_one, add):
    held = io.BytesIO()
    with open_one(held) as packed:
        add(packed)
    return held.getvalue()


TAR = archive(
    lambda f: tarfile.open(fileobj=f, mode="w:gz"), lambda t: t.addfile(tarfile.TarInfo("a.log"), io.BytesIO(b""))
)
ZIP = archive(lambda f: zipfile.ZipFile(f, "w"), lambda z: z.writestr("a.log", LINES))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (GZ[:10], r'"access.log" \(gzip\) breaks off before its first line is whole'),
        (b"\x28\xb5\x2f\xfd\x04", r"is packed with zstd, which can't be unpacked here: unpack it first \(zstd -d\)"),
        (b"\x04\x22\x4d\x18\x64", "is packed with lz4"),
        (ZIP, "is a zip archive, or an Excel workbook"),
        (TAR, r"is an archive of several files \(tar\)"),
        (b"PAR1\x15\x04", "is a Parquet file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is no text"),
        (bytes(range(256)) * 8, "it is no text"),
        (b"", "it is empty"),
        (gzip.compress(b""), "it is empty"),
        (b"\0" * 1000, "it is empty"),
        (b"x" * (1 << 25), "it has no lines, or one without an end"),
    ],
    ids=range(12),
)
def test_what_holds_no_lines_is_named(read, data, said):
    with pytest.raises(ValueError, match=said):
        read(data)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere/access.log", "there is no file .*: looked for /"),
        ("..", "there is no file .*: that is a folder"),
        (".", "path must be the name of a file such as"),
        ("x" * 5000, "there is no file"),
        ("a\0b", "there is no file"),
        (None, "path must be the name of a file such as"),
    ],
    ids=range(6),
)
def test_what_is_no_file_is_said_in_a_sentence(path, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=said):
        read_log(path)


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "access.log").write_bytes(RAW)
    assert len(read_log("~/access.log")) == 2000
