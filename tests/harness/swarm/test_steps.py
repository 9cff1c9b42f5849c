"""A sweep begun in the web page: its user counts are a field of the form."""

from argparse import Namespace

import pytest
from locust.argument_parser import get_parser, ui_extra_args_dict
from locust.env import Environment

from harness.options import UsageMistakes
from harness.swarm.arguments import read_arguments, read_steps

URL = "http://h:8000"


def environment(**fields):
    parsed = get_parser(default_config_files=[]).parse_args(["--host", URL])
    return Environment(parsed_options=Namespace(**{**vars(parsed), **fields}), host=URL)


def test_it_is_a_field_of_the_form():
    field = ui_extra_args_dict([])["user_steps"]
    assert (field["default_value"], field["is_secret"], field["choices"]) == (None, False, None)


@pytest.mark.parametrize("steps", ["1 2 4 8", " 1, 2,4 8 "])
def test_steps_are_points_and_locusts_fields_are_theirs(steps):
    site = environment(user_steps=steps, run_time=20, spawn_rate=3.0)
    assert read_steps(site) == (1, 2, 4, 8)
    options = read_arguments(site)
    assert (options.users, options.run_time_s, options.spawn_rate) == ((1, 2, 4, 8), 20, 3)


def test_without_a_run_time_a_window_is_as_long_as_a_sweeps():
    assert read_arguments(environment(user_steps="1", run_time=None)).run_time_s == 30


@pytest.mark.parametrize("steps", [None, "", "  "])
def test_without_steps_it_is_no_sweep(steps):
    assert read_steps(environment(user_steps=steps)) == ()


def test_a_mistake_names_the_field():
    with pytest.raises(UsageMistakes) as caught:
        read_steps(environment(user_steps="1 0 none"))
    assert caught.value.mistakes == [
        "--user-steps '0': give a whole number of one or more.",
        "--user-steps 'none': give a whole number of one or more.",
    ]


@pytest.mark.parametrize("way", ["headless", "autostart"])
def test_it_is_for_the_form_alone(way):
    with pytest.raises(UsageMistakes, match="--user-steps is for the web page's form"):
        read_steps(environment(user_steps="1 2", **{way: True}))
