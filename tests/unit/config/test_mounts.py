from pathlib import Path

from sidecar.config.mounts import mount_points, mounted_alone, read_mounts

MOUNTINFO = """\
1361 941 0:142 / / rw,relatime master:397 - overlay overlay rw,lowerdir=/a
1370 1361 259:1 /volumes/config /etc/sidecar ro,relatime - ext4 /dev/root rw
1371 1361 259:1 /volumes/one/sidecar.yaml /etc/alone/sidecar.yaml ro,relatime - ext4 /dev/root rw
1372 1361 0:50 / /mnt/with\\040space\\134 rw - tmpfs tmpfs rw
"""


def test_mount_points_are_read_with_their_escapes() -> None:
    assert mount_points(MOUNTINFO) == {"/", "/etc/sidecar", "/etc/alone/sidecar.yaml", "/mnt/with space\\"}


def test_only_a_file_that_is_a_mount_itself_is_mounted_alone() -> None:
    files = [Path("/etc/sidecar/sidecar.yaml"), Path("/etc/alone/sidecar.yaml"), Path("/etc/alone/../alone/key")]
    assert mounted_alone(files, MOUNTINFO) == [Path("/etc/alone/sidecar.yaml")]


def test_link_to_a_file_that_is_a_mount_itself(tmp_path: Path) -> None:
    real = (tmp_path / "real.yaml").resolve()
    real.write_text("")
    (tmp_path / "link.yaml").symlink_to(real)
    found = mounted_alone([tmp_path / "link.yaml"], f"1 2 0:1 / {real} rw - ext4 d rw\n")
    assert found == [tmp_path / "link.yaml"]


def test_a_system_without_mountinfo_has_no_mounts(tmp_path: Path) -> None:
    assert mount_points(read_mounts(str(tmp_path / "none"))) == set()
    assert "/" in mount_points(read_mounts())
