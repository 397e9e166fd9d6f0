"""Sinks: shared by processes, set aside when too large, and never in a job's way."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from eigen.telemetry.sinks import FileSink, MemorySink, WriteBehind, _set_aside

_WRITER = """
import sys
from pathlib import Path
from eigen.telemetry.sinks import FileSink
sink = FileSink(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read(1)
for number in range(400):
    sink.write(b'%s %d %s\\n' % (sys.argv[2].encode(), number, sys.argv[2].encode() * 3000))
sys.exit(sink.lost_lines)
"""

_SHORT_WRITE = """
import resource, sys
from pathlib import Path
from eigen.telemetry.sinks import FileSink
sink = FileSink(Path(sys.argv[1]))
sink.write(b"first\\n")
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
sink.write(b"second\\n")
sink.write(b"third\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
sink.write(b"fourth\\n")
sys.exit(sink.lost_lines)
"""


_SHORT_BLOCK = """
import resource, sys
from pathlib import Path
from eigen.telemetry.sinks import FileSink
sink = FileSink(Path(sys.argv[1]))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
for line in (b"first\\n", b"second\\n"):
    sink.write_soon(line)
sink.write(b"third\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
sink.write(b"fourth\\n")
sys.exit(sink.lost_lines)
"""


class WatchedSink(FileSink):
    """A file sink that tells when it has been flushed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.flushed = anyio.Event()

    def flush(self) -> None:
        super().flush()
        self.flushed.set()


def test_lines_of_several_processes_stay_whole_and_in_order(tmp_path: Path) -> None:
    """Three processes write at once; nothing is torn, lost or out of order."""
    path = tmp_path / "log.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, path, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for name in "abc"
    ]
    for writer in writers:
        assert writer.stdout and writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write(b"!")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    lines = path.read_bytes().splitlines()
    assert len(lines) == 1200
    for name in (b"a", b"b", b"c"):
        own = [line for line in lines if line.startswith(name)]
        assert own == [b"%s %d %s" % (name, number, name * 3000) for number in range(400)]


def test_a_file_and_its_folder_belong_to_the_user_alone(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "logs" / "log.jsonl")
    sink.close()
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "logs" / "log.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for line in (b"one\n", b"two\n"):
        sink = FileSink(path)
        sink.write(line)
        sink.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_file_that_is_too_large_is_set_aside_once(tmp_path: Path) -> None:
    """The next one to open it renames it; whoever has it open goes on in it; later ones find a small file."""
    path = tmp_path / "log.jsonl"
    early = FileSink(path, rotation_bytes=10)
    early.write(b"0123456789a\n")
    late, later = FileSink(path, rotation_bytes=10), FileSink(path, rotation_bytes=10)
    early.write(b"early\n")
    late.write(b"late\n")
    later.write(b"later\n")
    for sink in (early, late, later):
        sink.close()
    assert (tmp_path / "log.jsonl.1").read_bytes() == b"0123456789a\nearly\n"
    assert path.read_bytes() == b"late\nlater\n"


def test_a_file_that_another_process_sets_aside_now_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"0123456789a\n")
    with path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        sink = FileSink(path, rotation_bytes=10)
    sink.write(b"line\n")
    sink.close()
    assert path.read_bytes() == b"0123456789a\nline\n"
    assert not (tmp_path / "log.jsonl.1").exists()


def test_a_file_that_was_set_aside_meanwhile_is_not_set_aside_again(tmp_path: Path) -> None:
    """Between opening and locking another process was quicker: what stands under the name now is the new file."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"0123456789a\n")
    with path.open("ab") as opened:
        path.replace(tmp_path / "log.jsonl.1")
        path.write_bytes(b"new\n")
        assert _set_aside(path, opened.fileno())
    assert path.read_bytes() == b"new\n"
    assert (tmp_path / "log.jsonl.1").read_bytes() == b"0123456789a\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    sink = FileSink(Path("/dev/full"))
    sink.write(b"line\n")
    sink.write_soon(b"line\n")
    sink.write(b"line\n")
    sink.close()
    assert sink.lost_lines == 3


def test_after_a_line_that_was_cut_short_the_next_one_starts_anew(tmp_path: Path) -> None:
    """The size limit lets four bytes of the second line in, and none of the third."""
    path = tmp_path / "log.jsonl"
    writer = subprocess.run([sys.executable, "-c", _SHORT_WRITE, path], check=False, timeout=60)
    assert writer.returncode == 2
    assert path.read_bytes() == b"first\nseco\nfourth\n"


def test_of_lines_that_were_cut_short_together_each_is_counted(tmp_path: Path) -> None:
    """The first of three lines is whole, four bytes of the second are in the file."""
    path = tmp_path / "log.jsonl"
    writer = subprocess.run([sys.executable, "-c", _SHORT_BLOCK, path], check=False, timeout=60)
    assert writer.returncode == 2
    assert path.read_bytes() == b"first\nseco\nfourth\n"


def test_a_place_that_cannot_be_written_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sink = FileSink(tmp_path / "file" / "log.jsonl")
    sink.write(b"line\n")
    sink.close()
    assert sink.lost_lines == 1


def test_a_fifo_in_the_files_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.jsonl")
    sink = FileSink(tmp_path / "log.jsonl")
    sink.write(b"line\n")
    assert sink.lost_lines == 1


def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "target")
    sink = FileSink(tmp_path / "log.jsonl")
    sink.write(b"line\n")
    assert sink.lost_lines == 1
    assert (tmp_path / "target").read_bytes() == b""


def test_lines_that_gather_are_written_in_order_by_whatever_comes_next(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = FileSink(path)
    sink.write_soon(b"1\n")
    sink.write_soon(b"2\n")
    assert path.read_bytes() == b""
    sink.write(b"3\n")
    assert path.read_bytes() == b"1\n2\n3\n"
    sink.write_soon(b"4\n")
    sink.flush()
    assert path.read_bytes() == b"1\n2\n3\n4\n"
    sink.write_soon(b"5\n")
    sink.close()
    assert path.read_bytes() == b"1\n2\n3\n4\n5\n"


def test_no_more_than_some_hundred_lines_gather(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = FileSink(path)
    for _ in range(1_000):
        sink.write_soon(b"line\n")
    assert path.read_bytes().count(b"\n") >= 700
    sink.close()
    assert path.read_bytes() == b"line\n" * 1_000


async def test_gathered_lines_are_written_behind_and_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = WatchedSink(path)
    async with WriteBehind(sink):
        sink.write_soon(b"1\n")
        with anyio.fail_after(60):
            await sink.flushed.wait()
        assert path.read_bytes() == b"1\n"
        sink.write_soon(b"2\n")
    assert path.read_bytes() == b"1\n2\n"


def test_lines_after_the_close_are_counted_as_lost(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "log.jsonl")
    sink.close()
    sink.close()
    sink.write(b"line\n")
    sink.write_soon(b"line\n")
    assert sink.lost_lines == 2


def test_memory_gives_lines_by_event() -> None:
    sink = MemorySink()
    sink.write(b'{"event":"a"}\n')
    sink.write(b'{"event":"b"}\n')
    assert sink.events("b") == [{"event": "b"}]
    assert [one["event"] for one in sink.events()] == ["a", "b"]
