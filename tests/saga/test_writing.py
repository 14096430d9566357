"""A file is replaced in one piece; its permissions stay, and an error names the file that was asked for."""

import stat

import pytest

from legend_lab.saga.writing import write_file


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_a_files_permissions_stay(tmp_path, mode):
    path = tmp_path / "saga.py"
    path.write_text("old")
    path.chmod(mode)
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_what_cannot_be_written_is_named_as_it_was_asked_for_and_leaves_nothing_behind(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere/saga\.py'$"):
        write_file(tmp_path / "nowhere" / "saga.py", b"new")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"folder'$"):
        write_file(tmp_path / "folder", b"new")
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]
