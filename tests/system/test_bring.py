"""What `make test` brings through the machine's package manager, and what it says where it may not."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

SCRIPT = Path(__file__).parent / "bring.sh"


def machine(folder: Path, user: int, **programs: str) -> subprocess.CompletedProcess[str]:
    """Runs the script on a machine that has these programs (their text in `sh`) and a few that every machine has."""
    for name in ("sh", "cat"):
        (folder / name).symlink_to(which(name) or name)
    for name, text in {"id": f"echo {user}", **programs}.items():
        (folder / name).write_text(f"#!{which('sh')}\n{text}\n")
        (folder / name).chmod(0o755)
    return subprocess.run([which("sh") or "sh", str(SCRIPT)], env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


def test_where_all_is_there_nothing_is_said_or_done(tmp_path: Path) -> None:
    done = machine(tmp_path, 0, chromium="", chromedriver="", java="", mvn="", **{"apt-get": "exit 1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_root_brings_what_is_missing_and_no_more(tmp_path: Path) -> None:
    done = machine(tmp_path, 0, chromium="", mvn="", **{"apt-get": f'echo "$@" >> {tmp_path}/asked'})
    assert done.returncode == 0
    assert (tmp_path / "asked").read_text().splitlines() == [
        "update --quiet=2", "install --yes --no-install-recommends chromium-driver default-jre-headless --quiet=2",
    ]  # fmt: skip


def test_another_user_is_told_the_one_command(tmp_path: Path) -> None:
    done = machine(tmp_path, 1000, **{"apt-get": f"echo asked > {tmp_path}/asked"})
    assert done.returncode == 0 and not (tmp_path / "asked").exists()
    assert "sudo apt-get install --yes --no-install-recommends chromium chromium-driver default-jre-headless maven" in done.stderr


def test_a_machine_that_cannot_reach_its_packages_is_told_the_command_too(tmp_path: Path) -> None:
    done = machine(tmp_path, 0, **{"apt-get": "exit 100"})
    assert done.returncode == 0 and "that failed" in done.stderr and "sudo apt-get install" in done.stderr


def test_a_machine_of_another_kind_is_told_what_is_missing(tmp_path: Path) -> None:
    done = machine(tmp_path, 0)
    assert done.returncode == 0 and "chromium chromium-driver default-jre-headless maven" in done.stderr and "sudo" not in done.stderr
