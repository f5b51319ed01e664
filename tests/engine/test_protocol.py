"""Frames on a pipe: what goes in comes out, and damage is told."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from flowengine import protocol
from flowengine.errors import ProtocolError
from flowengine.project import LaneState, Project


def test_load_travels_with_arrays_and_weights():
    project = Project.from_dict(
        {
            "target": {"source": "drawing", "name": "d", "density": np.eye(8)},
            "stack": [{"kind": "planar"}],
        }
    )
    sent = protocol.Load(lane="discrete", project=project, state=LaneState(weights=b"\x00\xff"))
    assert protocol.decode_command(protocol.encode(sent)) == sent


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i8", "|u1", ">f4"])
def test_arrays_travel_little_endian_with_shape_and_values(dtype):
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    sent = protocol.TraceReply(
        request=1, tau=np.zeros(2, "f4"), positions=values[:, ::-1], log_det=np.zeros((2, 0), "f4")
    )
    got = protocol.decode_event(protocol.encode(sent))
    assert got.positions.dtype.str == dtype.replace(">", "<")
    assert got.positions.tolist() == values[:, ::-1].tolist()
    assert got.log_det.shape == (2, 0)


def test_frames_follow_each_other_until_the_stream_ends():
    stream = io.BytesIO()
    protocol.write_frame(stream, protocol.Pause())
    protocol.write_frame(stream, protocol.Step(count=7))
    stream.seek(0)
    assert protocol.decode_command(protocol.read_frame(stream)) == protocol.Pause()
    assert protocol.decode_command(protocol.read_frame(stream)).count == 7
    assert protocol.read_frame(stream) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x01\x00", "inside the length"),
        (struct.pack("<I", 100) + b"short", "95 bytes short"),
        (struct.pack("<I", protocol.MAX_FRAME + 1), "announces"),
    ],
)
def test_broken_stream_is_told(data, said):
    with pytest.raises(ProtocolError, match=said):
        protocol.read_frame(io.BytesIO(data))


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc1", b"\x80", protocol.encode(protocol.Pause()).replace(b"pause", b"pausf")],
    ids=["nothing", "no msgpack", "no type", "unknown type"],
)
def test_what_is_no_command_is_refused(data):
    with pytest.raises(ProtocolError, match="could not be read"):
        protocol.decode_command(data)


def test_an_array_that_lies_about_its_size_is_refused():
    good = protocol.encode(
        protocol.Trace(request=1, points=np.zeros((2, 2), "f4"), direction="generate")
    )
    assert protocol.decode_command(good).points.shape == (2, 2)
    with pytest.raises(ProtocolError, match="could not be read"):
        protocol.decode_command(good.replace(b"<f4", b"<f8"))


def test_a_count_below_one_is_refused():
    with pytest.raises(ProtocolError, match=">= 1"):
        protocol.decode_command(protocol.encode(protocol.Step(count=0)))
