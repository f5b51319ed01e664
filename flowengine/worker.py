"""The engine process: commands on standard input, pictures on standard output."""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import IO, TYPE_CHECKING

import torch

from flowengine import protocol
from flowengine.devices import available_devices
from flowengine.errors import ProtocolError
from flowengine.lane_worker import Worker

if TYPE_CHECKING:
    from flowengine.protocol import Command, Event


def serve(stdin: IO[bytes], stdout: IO[bytes]) -> None:
    """Read commands from one stream and write events to another until either ends."""
    commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
    lock = threading.Lock()

    def send(event: Event) -> None:
        with lock:
            protocol.write_frame(stdout, event)

    def read() -> None:
        try:
            while (frame := protocol.read_frame(stdin)) is not None:
                try:
                    commands.put(protocol.decode_command(frame))
                except ProtocolError as error:
                    send(protocol.Failure(request=0, error="ProtocolError", text=error.sentence))
        except (ProtocolError, OSError) as error:
            sys.stderr.write(f"flowengine worker: {error}\n")
        finally:
            commands.put(None)

    threading.Thread(target=read, name="commands", daemon=True).start()
    send(protocol.Ready(devices=available_devices(), torch=str(torch.__version__), pid=os.getpid()))
    try:
        Worker(send).run(commands)
    except BrokenPipeError:
        return  # the window is gone; there is nobody left to tell


def main() -> None:
    """Be the engine of a window: frames on the real standard output, all prints on stderr.

    `python -m flowengine worker` lowers the priority before it imports this, so that loading torch
    does not hold up the window's first frames.
    """
    torch.set_num_threads(1)
    frames = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    # Unbuffered: the reading thread may still wait in it when the interpreter ends, and the lock of
    # a buffer that such a thread holds is a fatal error.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as commands:
        serve(commands, frames)
