from pathlib import Path

import pytest
import torch

from tintype.engine.available import available, machine

MEMINFO = "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    8000000 kB\n"
ALL = 8_000_000 * 1024


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in {"proc/meminfo": MEMINFO, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_this_machine_has_some_and_not_all_of_it() -> None:
    assert 10**8 < available(torch.device("cpu")) < 10**14


def test_without_control_groups_it_is_what_the_kernel_says(tmp_path: Path) -> None:
    assert machine(tree(tmp_path, {})) == ALL


@pytest.mark.parametrize(("limit", "left"), [("max", ALL), ("5000000000", 5_000_000_000 - 3_000_000_000 + 400_000_000)])
def test_a_control_group_limits_it(tmp_path: Path, limit: str, left: int) -> None:
    group = "sys/fs/cgroup/system.slice/tintype.service"
    files = {
        "proc/self/cgroup": "0::/system.slice/tintype.service\n",
        f"{group}/memory.max": limit,
        f"{group}/memory.current": "3000000000",
        f"{group}/memory.stat": "anon 100\nfile 900\ninactive_file 400000000\n",
    }
    assert machine(tree(tmp_path, files)) == left


def test_so_does_the_group_above_it(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/a/b\n",
        "sys/fs/cgroup/a/memory.max": "2000000000",
        "sys/fs/cgroup/a/memory.current": "500000000",
        "sys/fs/cgroup/a/memory.stat": "inactive_file 0\n",
    }
    assert machine(tree(tmp_path, files)) == 1_500_000_000


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "12:cpu,cpuacct:/docker/f00\n4:memory:/docker/f00\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "4000000000",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000000",
        "sys/fs/cgroup/memory/memory.stat": "cache 1\ntotal_inactive_file 250000000\n",
    }
    assert machine(tree(tmp_path, files)) == 3_250_000_000


def test_where_there_is_no_proc_most_of_the_machine_counts(tmp_path: Path) -> None:
    assert machine(tmp_path) > 10**8
