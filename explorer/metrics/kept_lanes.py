"""What training had made of the lanes of a run that stands on the shelf, out of the memory."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping

import msgspec

from flowengine.project import Lane, LaneState


class KeptLanes(Mapping[Lane, LaneState]):
    """States of lanes in a file without a name, read whenever one is asked for.

    With the pictures that its panels showed, a run has some megabytes, and a shelf holds many. The
    file goes with the last reference to it, or with the process. Safe between threads.

    Raises:
        OSError: there is no room for the file.
    """

    def __init__(self, lanes: Mapping[Lane, LaneState]) -> None:
        self._lock = threading.Lock()
        self._file = tempfile.TemporaryFile(prefix="flow-explorer-")  # noqa: SIM115  see below
        weakref.finalize(self, self._file.close)
        self._places: dict[Lane, tuple[int, int]] = {}
        encoder = msgspec.msgpack.Encoder()
        for lane, state in lanes.items():
            data = encoder.encode(state)
            self._places[lane] = self._file.tell(), len(data)
            self._file.write(data)
        self._file.flush()

    def __getitem__(self, lane: Lane) -> LaneState:
        place, length = self._places[lane]
        with self._lock:
            self._file.seek(place)
            data = self._file.read(length)
        return msgspec.msgpack.decode(data, type=LaneState)

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def kept(lanes: Mapping[Lane, LaneState]) -> Mapping[Lane, LaneState]:
    """The lanes in a file, or in memory as they are where no file can be written."""
    try:
        return KeptLanes(lanes)
    except OSError:
        return lanes
