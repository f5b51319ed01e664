"""Reading zip, npz and safetensors from people who may mean harm, and writing them. No torch.

Everything is measured before it is unpacked: how many entries there are, what they are called, how
large they say they are and by how much they expand. Nothing is ever unpickled, and no size that a
header claims is allocated before the bytes for it have been seen.
"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from flowengine.errors import ProjectError
from flowengine.foreign import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MAX_ENTRIES = 64
MAX_DIRECTORY = 1 << 16  # bytes of a zip's own table of contents
MAX_TOTAL = 1 << 30  # bytes of all entries together, unpacked
MAX_EXPANSION = 100  # of an entry larger than FREE_SIZE
FREE_SIZE = 1 << 20  # bytes below which an entry may expand as it likes
MAX_HEADER = 1 << 24  # bytes of a safetensors header

_END_RECORD = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR = 20  # bytes
_EPOCH = (1980, 1, 1, 0, 0, 0)
_TENSOR_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip


def write_zip(stream: BinaryIO, entries: Mapping[str, bytes]) -> None:
    """Write a zip that `read_zip` takes; the same entries give the same bytes.

    Entries over `FREE_SIZE` are stored as they are, so that the reader never has to tell a large
    blank drawing from a bomb.

    Raises:
        OSError: the stream cannot be written.
    """
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            small = len(data) <= FREE_SIZE
            entry.compress_type = zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED
            archive.writestr(entry, data)


def read_zip(stream: BinaryIO, limits: Mapping[str, int], what: str) -> dict[str, bytes]:
    """Unpack a zip whose entries all stand in `limits`, each with the bytes it may have.

    Args:
        stream: Seekable, at any position.
        limits: The only names that may appear, and the largest unpacked size of each.
        what: How messages call the whole, e.g. "moons.flow".

    Raises:
        ProjectError: it is no zip, is damaged, or holds anything that `limits` does not allow.
    """
    _check_end_record(stream, what)
    try:
        with zipfile.ZipFile(stream) as archive:
            _check_entries(archive.infolist(), limits, what)
            return {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise ProjectError(
            "{what} is damaged, try another copy: {error}", what=what, error=words_of(error)
        ) from None


def _check_end_record(stream: BinaryIO, what: str) -> None:
    """Bound the table of contents by the record at the very end, before zipfile reads it all."""
    size = stream.seek(0, io.SEEK_END)
    start = max(0, size - _END_RECORD.size - _ZIP64_LOCATOR)
    stream.seek(start)
    tail = stream.read(size - start)
    if len(tail) < _END_RECORD.size or tail[-_END_RECORD.size :][:4] != b"PK\x05\x06":
        raise ProjectError(
            "{what} is not what Flow Explorer saves, or its end is missing; try another copy of it",
            what=what,
        )
    record = _END_RECORD.unpack(tail[-_END_RECORD.size :])
    entries, directory, comment = record[4], record[5], record[7]
    if tail[:4] == b"PK\x06\x07" or comment:
        raise ProjectError(
            "{what} is not what Flow Explorer saves: expected a zip without a "
            "comment or 64-bit sizes",
            what=what,
        )
    if entries > MAX_ENTRIES or directory > MAX_DIRECTORY:
        raise ProjectError(
            "{what} may hold {max_entries} entries, this one announces {entries}",
            what=what,
            max_entries=MAX_ENTRIES,
            entries=entries,
        )


def _check_entries(entries: list[zipfile.ZipInfo], limits: Mapping[str, int], what: str) -> None:
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name not in limits:
            raise ProjectError(
                "{what} is not what Flow Explorer saves: it holds {name}, which is "
                "none of a project's parts",
                what=what,
                name=repr(name[:80]),
            )
        if name in seen:
            raise ProjectError("{what} holds {name} twice", what=what, name=name)
        if entry.flag_bits & 1:
            raise ProjectError(
                "{name} in {what} is encrypted: expected no password on it", name=name, what=what
            )
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ProjectError(
                "{name} in {what} is packed in a way that is not read here: expected it deflated",
                name=name,
                what=what,
            )
        if entry.file_size > limits[name]:
            raise ProjectError(
                "{name} in {what} may have {limits} bytes, this one has {file_size}",
                name=name,
                what=what,
                limits=limits[name],
                file_size=entry.file_size,
            )
        if entry.file_size > FREE_SIZE and entry.file_size > MAX_EXPANSION * entry.compress_size:
            raise ProjectError(
                "{name} in {what} may expand {max_expansion} times, this one "
                "expands {file_size} times",
                name=name,
                what=what,
                max_expansion=MAX_EXPANSION,
                file_size=f"{entry.file_size / max(entry.compress_size, 1):.0f}",
            )
        seen.add(name)
    total = sum(entry.file_size for entry in entries)
    if total > MAX_TOTAL:
        raise ProjectError(
            "{what} may have {max_total} bytes unpacked, this one has {total}",
            what=what,
            max_total=MAX_TOTAL,
            total=total,
        )


def dump_npz(arrays: Mapping[str, Any]) -> bytes:
    """Arrays as npz bytes that `load_npz` and `numpy.load` read.

    Raises:
        ValueError: an array holds objects.
    """
    entries: dict[str, bytes] = {}
    for name, array in arrays.items():
        stream = io.BytesIO()
        np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)
        entries[f"{name}.npy"] = stream.getvalue()
    packed = io.BytesIO()
    write_zip(packed, entries)
    return packed.getvalue()


def load_npz(
    data: bytes, what: str, *, names: tuple[str, ...] | None = None
) -> dict[str, NDArray[Any]]:
    """Read an npz of numbers.

    Args:
        data: The bytes of the npz.
        what: How messages call it, e.g. "target.npz".
        names: The only arrays that may appear; None admits any.

    Raises:
        ProjectError: it is damaged, holds anything but plain numbers, or holds an unknown array.
    """
    stream = io.BytesIO(data)
    wanted = _npz_names(stream, what) if names is None else tuple(f"{n}.npy" for n in names)
    entries = read_zip(stream, dict.fromkeys(wanted, MAX_TOTAL), what)
    return {
        name.removesuffix(".npy"): _load_npy(content, f"{what}: {name}")
        for name, content in entries.items()
    }


def _npz_names(stream: BinaryIO, what: str) -> tuple[str, ...]:
    _check_end_record(stream, what)
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ProjectError(
            "{what} is damaged, try another copy: {error}", what=what, error=words_of(error)
        ) from None
    return tuple(n for n in names if n.endswith(".npy") and n[:-4].isidentifier())


def _load_npy(data: bytes, what: str) -> NDArray[Any]:
    """Read one .npy; numpy's own reader would allocate what the header claims."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, column_major, dtype = read(stream)
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        raise ProjectError(
            "{what} is no array: {error}", what=what, error=words_of(_first_line(error))
        ) from None
    if dtype.kind not in "fiub":
        raise ProjectError("{what} must hold plain numbers, got {dtype}", what=what, dtype=dtype)
    expected, got = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if min(shape, default=0) < 0 or expected != got:
        raise ProjectError(
            "{what} announces shape {shape} of {expected} bytes, but holds {got}",
            what=what,
            shape=shape,
            expected=expected,
            got=got,
        )
    flat: NDArray[Any] = np.frombuffer(data, dtype, offset=stream.tell())
    return flat.reshape(shape, order="F" if column_major else "C")


def check_safetensors(data: bytes, what: str) -> None:
    """Hold a safetensors buffer against its own header, without loading a tensor.

    Raises:
        ProjectError: the header is malformed, or does not describe the bytes that follow.
    Source: the format's specification: 8-byte little-endian length, JSON, tensors without gaps.
    """
    if len(data) < 8:
        raise ProjectError(
            "{what} is too short for safetensors: {data} bytes", what=what, data=len(data)
        )
    length = int.from_bytes(data[:8], "little")
    if length > min(MAX_HEADER, len(data) - 8):
        raise ProjectError(
            "{what} is damaged, try another copy: it announces a header of {length} bytes",
            what=what,
            length=length,
        )
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise ProjectError(
            "{what} has an unreadable header: {error}",
            what=what,
            error=words_of(_first_line(error)),
        ) from None
    if not isinstance(header, dict):
        raise ProjectError("{what} must begin with a table of tensors", what=what)
    header.pop("__metadata__", None)
    spans = sorted(_tensor_span(name, entry, what) for name, entry in header.items())
    end = 0
    for begin, stop in spans:
        if begin != end:
            raise ProjectError(
                "{what} leaves a gap or an overlap at byte {begin}",
                what=what,
                begin=min(begin, end),
            )
        end = stop
    if end != len(data) - 8 - length:
        raise ProjectError(
            "{what} describes {end} bytes of tensors, but holds {data}",
            what=what,
            end=end,
            data=len(data) - 8 - length,
        )


def _tensor_span(name: str, entry: Any, what: str) -> tuple[int, int]:  # noqa: ANN401
    """Where a tensor begins and ends, if its dtype, shape and offsets agree."""
    match entry:
        case {
            "dtype": str(dtype),
            "shape": [*shape],
            "data_offsets": [int(begin), int(stop)],
        } if dtype in _TENSOR_BYTES and all(type(n) is int and n >= 0 for n in shape):
            if begin >= 0 and stop - begin == math.prod(shape) * _TENSOR_BYTES[dtype]:
                return begin, stop
    raise ProjectError(
        "{what} describes the tensor {name} wrongly", what=what, name=repr(name[:80])
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
