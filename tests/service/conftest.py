"""A service with runs that are quick."""

import pytest
from support.service import lasting, serving, settings_for, template


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A reported run folder."""
    return template(tmp_path_factory.mktemp("made") / "20260131T120000Z-sweep")


@pytest.fixture(scope="session")
def standing(tmp_path_factory, made):
    """A service for requests that are refused, and leave nothing behind."""
    with lasting(settings_for(tmp_path_factory.mktemp("standing") / "data", made)) as client:
        yield client


@pytest.fixture
def settings(tmp_path, made):
    return settings_for(tmp_path / "data", made)


@pytest.fixture
def service(settings):
    with serving(settings) as client:
        yield client
