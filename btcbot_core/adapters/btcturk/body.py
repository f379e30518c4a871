"""Reading an answer's body: bounded before it is unpacked, and whole or not at all."""

import math
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from btcbot_core.adapters.btcturk.wire.envelope import Reply

_GZIP_WINDOW = 31  # zlib's way to say: a gzip stream


def read_reply(response: httpx.Response, request_id: str, bytes_max: int, now: datetime) -> Reply:
    """The whole answer. Raises UnusableAnswerError when it is too large, or half of one."""
    kind = response.headers.get("content-type", "")
    reply = Reply(
        status=response.status_code,
        is_json="json" in kind or not kind,
        body=b"",
        request_id=request_id,
        retry_after_s=retry_after_s(response.headers.get("retry-after"), now),
    )
    stated = response.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and len(stated) < 20 and int(stated) > bytes_max:
        raise reply.bad(f"{stated} bytes are more than the {bytes_max} that we read")
    return msgspec.structs.replace(reply, body=_unpacked(reply, response, bytes_max))


def _unpacked(reply: Reply, response: httpx.Response, bytes_max: int) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        chunks = response.iter_raw()
    elif encoding in ("gzip", "x-gzip"):
        chunks = _inflated(reply, response.iter_raw(), bytes_max)
    else:
        raise reply.bad(f"packed as {encoding!r}, which was not asked for")
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > bytes_max:
            raise reply.bad(f"more than the {bytes_max} bytes that we read")
    return bytes(body)


def _inflated(reply: Reply, chunks: Iterator[bytes], bytes_max: int) -> Iterator[bytes]:
    """Unpack, never making more than one byte over the bound: a bomb is a small thing here."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    room = bytes_max + 1
    for chunk in chunks:
        data = unpacker.decompress(chunk, room)
        room -= len(data)
        yield data
        if room <= 0:
            return
    if not unpacker.eof or unpacker.unused_data:
        raise reply.bad("the packed body does not end where it should")


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds to wait, from seconds or a date; None for what says neither, or points back."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return seconds if seconds > 0 and math.isfinite(seconds) else None
