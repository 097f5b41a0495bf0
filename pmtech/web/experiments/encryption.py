"""What a listener sees on the wire and a thief in a file: real bytes of the real API, with and without encryption."""

import json
import sqlite3
import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes

from pmtech.web.app.server import Api
from pmtech.web.app.sign_in import PEOPLE
from pmtech.web.client.table import Rows

HOST = "surveys.example"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Way:
    """One way over the wire. seen: the bytes that passed. refused: why the client went no further.

    round_trips: to the answer, the one that opens the connection included. password, host: can they be read in it?
    """

    seen: bytes
    round_trips: int
    refused: str = ""

    @property
    def password(self) -> bool:
        return PEOPLE["ben"][1].encode() in self.seen

    @property
    def host(self) -> bool:
        return HOST.encode() in self.seen


@dataclass(frozen=True, repr=False)
class Wire(Rows):
    """ways: "http", "TLS 1.2", "TLS 1.3" and "expired", each a `Way`."""

    ways: dict[str, Way]
    heads = ("on the way", "the password", "the name of the host", "bytes", "round trips to the answer")

    @property
    def rows(self) -> list[tuple[str, ...]]:
        yes = {True: "readable", False: "not to be seen"}
        return [
            (name, yes[way.password], yes[way.host], f"{len(way.seen):,}", way.refused or str(way.round_trips))
            for name, way in self.ways.items()
        ]

    def _repr_html_(self) -> str:
        said = "".join(
            f"<p>What the listener sees of {name}:</p><pre>{_hex(seen, place if place > 0 else len(seen) - 48)}</pre>"
            for name in ("http", "TLS 1.3")
            for seen in [self.ways[name].seen]
            for place in [seen.find(b'{"name"')]  # where the request's own data begin
        )
        return super()._repr_html_() + said


def on_the_wire(api: Api) -> Wire:
    """Ben's sign-in and the API's answer, passed by a listener: as they are, and through real TLS.

    Client and server of the handshake stand in this process and hand each other bytes (`ssl.MemoryBIO`): flights are
    counted, not times. The certificate is made for the moment. What this leaves out: resumed sessions, HTTP/3.
    Raises ValueError for an API that is stopped.
    """
    import trustme

    api.must_run()
    body = json.dumps({"name": "ben", "password": PEOPLE["ben"][1]}).encode()
    exchange = api.request("POST", "/sessions", body=body, headers={"Content-Type": "application/json"})
    sent = exchange.request_bytes.split(b"\r\n\r\n")[0].replace(exchange.url.split("/")[2].encode(), HOST.encode())
    sent, came = sent + b"\r\n\r\n" + body, exchange.response_bytes
    authority = trustme.CA()
    ways = {"http": Way(sent + came, 2)}
    for name, version in (("TLS 1.2", ssl.TLSVersion.TLSv1_2), ("TLS 1.3", ssl.TLSVersion.TLSv1_3)):
        ways[name] = _through_tls(authority, authority.issue_cert(HOST), version, sent, came)
    old = authority.issue_cert(HOST, not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021))
    return Wire(ways | {"expired": _through_tls(authority, old, ssl.TLSVersion.TLSv1_3, sent, came)})


def _through_tls(authority, certificate, version: ssl.TLSVersion, sent: bytes, came: bytes) -> Way:
    mine, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(mine)
    certificate.configure_cert(theirs)
    mine.minimum_version = mine.maximum_version = version
    up, down, flights, seen, got = ssl.MemoryBIO(), ssl.MemoryBIO(), 0, b"", b""
    up_in, down_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = mine.wrap_bio(down_in, up, server_hostname=HOST)
    server = theirs.wrap_bio(up_in, down, server_side=True)
    asked = answered = False
    while len(got) < len(came):
        try:
            if not asked and _hands_shaken(client):
                client.write(sent)
                asked = True
            got += _read(client) if asked else b""
        except ssl.SSLCertVerificationError as refused:
            return Way(seen, 1 + flights, f"none: {refused.verify_message}")
        if len(got) == len(came):
            break
        flights += 1
        seen += (passing := up.read())
        up_in.write(passing)
        if _hands_shaken(server) and not answered and _read(server):
            server.write(came)
            answered = True
        seen += (passing := down.read())
        down_in.write(passing)
    return Way(seen, 1 + flights)


def _hands_shaken(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _read(end: ssl.SSLObject) -> bytes:
    try:
        return end.read(1 << 20)
    except ssl.SSLWantReadError:
        return b""


@dataclass(frozen=True)
class AtRest:
    """A backup in the hands of a thief. found: is a respondent's name in it? view: the bytes there."""

    found: bool
    how: str
    view: str

    def __repr__(self) -> str:
        return f"{self.how}: {'“noor” can be read' if self.found else 'no name to be found'}\n{self.view}"

    def _repr_html_(self) -> str:
        said = "“noor”, a respondent, can be read" if self.found else "no name of a respondent is to be found"
        return f"<div class='mathjax_ignore'><p><b>{self.how}</b>: {said}.</p><pre>{self.view}</pre></div>"


def at_rest(api: Api, *, encrypted: bool = False, key_beside: bool = False) -> AtRest:
    """Writes a backup of the API's database and reads it as a thief would, who has that folder and nothing else.

    encrypted: by AES-GCM with a key of 256 bits. key_beside: the key lies in the same folder, "so that it is not lost".
    """
    folder = api.folder / "backup"
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(api.folder / "surveys.db")) as db:
        data = db.serialize()
    how, key = "the backup as it is", folder / "backup.key"
    key.unlink(missing_ok=True)
    if encrypted:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        secret, nonce = AESGCM.generate_key(256), token_bytes(12)
        data, how = nonce + AESGCM(secret).encrypt(nonce, data, None), "encrypted, the key elsewhere"
        if key_beside:
            key.write_bytes(secret)
            how = "encrypted, the key beside it"
    (folder / "backup.db").write_bytes(data)
    stolen = (folder / "backup.db").read_bytes()
    if key.exists():
        stolen = AESGCM(key.read_bytes()).decrypt(stolen[:12], stolen[12:], None)
    place = stolen.find(b"noor")
    return AtRest(place >= 0, how, _hex(stolen, max(place, 0)))


def _hex(data: bytes, place: int) -> str:
    """Bytes as a hex editor shows them: where, sixteen bytes, and the letters among them."""
    start = max(place % len(data) - 16, 0) // 16 * 16 if data else 0
    shown = []
    for at in range(start, min(start + 64, len(data)), 16):
        part = data[at : at + 16]
        letters = "".join(chr(b) if 32 <= b < 127 and b not in b"<>&" else "·" for b in part)
        shown.append(f"{at:06x}  {part.hex(' '):<47}  {letters}")
    return "\n".join(shown)
