"""Messages as bytes, and their frames on a pipe."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any

import msgspec
import numpy as np

from flowengine.arrays import FrozenArray
from flowengine.errors import ProtocolError, Sentence
from flowengine.foreign import words_of
from flowengine.protocol.commands import Command
from flowengine.protocol.events import Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_FRAME = 1 << 30
_DTYPES = {"<f4", "<f8", "<f2", "<i4", "<i8", "|u1"}


def _pack(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, FrozenArray):
        value = value.values
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        return {"dtype": array.dtype.str, "shape": array.shape, "data": array.tobytes()}
    if isinstance(value, Sentence):
        return value.record()
    raise NotImplementedError(f"{type(value).__name__} does not travel")


def _unpack(kind: type, value: Any) -> Any:  # noqa: ANN401
    if kind is Sentence:
        return Sentence.from_record(value)
    if kind is not np.ndarray and kind is not FrozenArray:
        raise NotImplementedError
    dtype, shape, data = value["dtype"], value["shape"], value["data"]
    if dtype not in _DTYPES:
        raise ValueError(f"expected an array of {sorted(_DTYPES)}, got {dtype!r}")
    array: NDArray[Any] = np.frombuffer(data, dtype=dtype).reshape(shape)
    return array if kind is np.ndarray else FrozenArray(array)


_encoder = msgspec.msgpack.Encoder(enc_hook=_pack)


@lru_cache(maxsize=2)
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:  # noqa: ANN401
    """Made when the first message comes: by then the window is shown."""
    return msgspec.msgpack.Decoder(kind, dec_hook=_unpack)


def encode(message: Command | Event) -> bytes:
    """The bytes of a message, without the length."""
    return _encoder.encode(message)


def decode_command(data: bytes) -> Command:
    """Read a command.

    Raises:
        ProtocolError: the bytes are no command.
    """
    return _decode(Command, data)  # type: ignore[no-any-return]


def decode_event(data: bytes) -> Event:
    """Read an event.

    Raises:
        ProtocolError: the bytes are no event.
    """
    return _decode(Event, data)  # type: ignore[no-any-return]


def _decode(kind: Any, data: bytes) -> Any:  # noqa: ANN401
    try:
        return _decoder(kind).decode(data)
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError) as error:
        raise ProtocolError("A message could not be read: {error}", error=words_of(error)) from None


def write_frame(stream: IO[bytes], message: Command | Event) -> None:
    """Write one message and flush.

    Raises:
        OSError: the other side is gone.
    """
    data = encode(message)
    stream.write(struct.pack("<I", len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The bytes of the next message, or None where the stream ends between two messages.

    Raises:
        ProtocolError: the stream ends inside a message, or announces one over `MAX_FRAME` bytes.
    """
    head = _read_exactly(stream, 4)
    if not head:
        return None
    if len(head) < 4:
        raise ProtocolError("The stream ended inside the length of a message")
    (length,) = struct.unpack("<I", head)
    if length > MAX_FRAME:
        raise ProtocolError(
            "A message may have {max_frame} bytes, this one announces {length}",
            max_frame=MAX_FRAME,
            length=length,
        )
    data = _read_exactly(stream, length)
    if len(data) < length:
        raise ProtocolError(
            "The stream ended {length} bytes short of a message's end", length=length - len(data)
        )
    return data


def _read_exactly(stream: IO[bytes], count: int) -> bytes:
    chunks: list[bytes] = []
    missing = count
    while missing and (chunk := stream.read(missing)):
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)
