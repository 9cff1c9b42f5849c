"""Hosts in network namespaces, or the reason why there are none."""

import os
from pathlib import Path

import pytest
from support.networks import network, why_not

HERE = Path(__file__).parent
HOSTS = ("master", "alpha", "beta", "server", "far")
"""`far` has the way that takes its time, where a test wants one."""


def pytest_collection_modifyitems(items):
    mine = [item for item in items if item.path.is_relative_to(HERE)]
    reason = why_not() if mine else None
    if reason is not None and os.environ.get("LLOCUST_NETNS") == "required":
        raise pytest.UsageError(reason)
    for item in mine:
        item.add_marker(pytest.mark.netns)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def net(tmp_path):
    with network(HOSTS, tmp_path) as made:
        yield made
