import os
import resource
import sys

import pytest

from sidecar.telemetry import process
from sidecar.telemetry.exposition import render
from sidecar.telemetry.stats import Stats

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture
def no_proc(monkeypatch, tmp_path):
    monkeypatch.setattr(process, "_PROC", str(tmp_path))
    process.start_time.cache_clear()
    yield tmp_path
    process.start_time.cache_clear()


@linux
def test_memory_is_what_the_system_says():
    assert 1_000_000 < process.resident_bytes() <= process.virtual_bytes()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert process.resident_bytes() <= peak * 1.1


@linux
def test_an_opened_file_is_counted():
    before = process.open_fds()
    read, write = os.pipe()
    try:
        assert process.open_fds() == before + 2
    finally:
        os.close(read)
        os.close(write)


def test_on_old_kernels_descriptors_are_counted_one_by_one(no_proc, monkeypatch):
    folder = no_proc / "self" / "fd"
    folder.mkdir(parents=True)
    for number in range(4):
        (folder / str(number)).touch()
    real = os.stat

    def old_stat(path, *args, **kwargs):
        found = real(path, *args, **kwargs)
        return os.stat_result((*found[:6], 0, *found[7:10])) if str(path) == str(folder) else found

    monkeypatch.setattr(os, "stat", old_stat)
    assert process.open_fds() == 3


def test_the_start_is_read_behind_a_name_with_spaces_and_brackets(no_proc):
    (no_proc / "self").mkdir()
    fields = " ".join(["S", *("0" for _ in range(18)), "4200", "99"])
    (no_proc / "self" / "stat").write_text(f"17 (a b) c) {fields}\n")
    (no_proc / "stat").write_text("cpu 1 2 3\nbtime 1700000000\nprocesses 5\n")
    assert process.start_time() == 1_700_000_000 + 4200 / os.sysconf("SC_CLK_TCK")


def test_without_proc_the_families_are_left_out_and_the_start_is_our_own(no_proc):
    stats = Stats()
    stats.started = 1234.5
    text = render(stats, openmetrics=False)
    assert b"\nprocess_start_time_seconds 1234.5\n" in text
    assert b"\nprocess_resident_memory_bytes " not in text
    assert b"\nprocess_virtual_memory_bytes " not in text
    assert b"\nprocess_open_fds " not in text
    assert b"\nprocess_cpu_seconds_total " in text


def test_no_limit_on_descriptors_is_no_number(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert process.max_fds() is None
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (77, 99))
    assert process.max_fds() == 77
