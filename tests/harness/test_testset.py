import subprocess
import sys
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import testset as ts


@given(st.integers(1, 300), st.integers(), st.integers(0, 10**6))
def test_an_order_is_a_permutation(count, seed, cycle):
    assert sorted(ts.order(count, seed, cycle)) == list(range(count))


def test_orders_are_what_they_have_always_been():
    assert ts.order(8, 0, 0) == (0, 2, 1, 4, 6, 7, 3, 5)
    assert ts.order(8, 0, 1) == (6, 1, 0, 2, 3, 4, 5, 7)
    assert ts.order(8, 1, 0) == (1, 5, 4, 2, 7, 0, 3, 6)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_orders_do_not_depend_on_the_process(hash_seed):
    code = "from harness.testset import order; print(order(50, 7, 3))"
    environment = {"PYTHONHASHSEED": hash_seed}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == str(ts.order(50, 7, 3))


def test_an_order_is_made_once():
    assert ts.order(30, 5, 2) is ts.order(30, 5, 2)


def numbered(count):
    prompts = tuple(ts.Prompt(index=n, messages=(ts.Message("user", f"prompt {n}"),)) for n in range(count))
    return ts.Testset("set", "p.txt", "sha256:00", prompts)


def test_dealing_follows_the_order_of_each_cycle():
    # Three users, four prompts: user 1 at turn 2 holds place 1 + 2 * 3 = 7, which is place 3 of cycle 1.
    dealt = ts.deal(numbered(4), seed=9, user=1, turn=2, users=3)

    assert dealt.index == ts.order(4, 9, 1)[3]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4), st.integers(0, 99))
def test_users_in_step_use_every_prompt_before_one_comes_again(count, users, cycles, seed):
    testset = numbered(count)
    places = range(cycles * count)
    dealt = [ts.deal(testset, seed, place % users, place // users, users).index for place in places]

    assert Counter(dealt) == dict.fromkeys(range(count), cycles)
    for cycle in range(cycles):
        assert sorted(dealt[cycle * count : (cycle + 1) * count]) == list(range(count))


@given(st.integers(1, 12), st.integers(0, 200))
def test_shares_of_all_workers_are_all_users_once(count, n):
    shares = [ts.share(index, count, n) for index in range(count)]

    assert sorted(user for each in shares for user in each) == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_share_is_every_so_many_th_user():
    assert list(ts.share(1, 3, 8)) == [1, 4, 7]
    assert list(ts.share(0, 1, 3)) == [0, 1, 2]
    assert list(ts.share(2, 4, 2)) == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_many_workers_ask_what_one_would(workers):
    testset, users, turns = numbered(7), 5, 4
    asked = {
        (user, turn): ts.deal(testset, 3, user, turn, users).index
        for index in range(workers)
        for user in ts.share(index, workers, users)
        for turn in range(turns)
    }

    alone = {(u, t): ts.deal(testset, 3, u, t, users).index for u in range(users) for t in range(turns)}
    assert asked == alone


IMAGES = tuple(ts.Image("image/png", f"{number:04d}", f"sha256:{number}") for number in range(5))


def test_a_message_of_words_is_a_string_and_has_one_part():
    message = ts.Message("user", "Why?")

    assert (message.parts, message.text, message.images) == (("Why?",), "Why?", ())


def test_a_message_with_images_keeps_its_order():
    message = ts.Message("user", ("One", IMAGES[0], "two", IMAGES[1]))

    assert (message.parts, message.text, message.images) == (message.content, "One\ntwo", IMAGES[:2])


def test_words_can_stand_before_a_message():
    assert ts.Message("user", "Why?").behind("[salt]") == ts.Message("user", "[salt] Why?")
    assert ts.Message("user", (IMAGES[0], "Why?")).behind("[salt]").content == ("[salt]", IMAGES[0], "Why?")


def test_images_can_stand_behind_what_the_user_says_last():
    said = [("user", "One"), ("assistant", "Two"), ("user", "Three"), ("assistant", "Four")]
    prompt = ts.Prompt(index=3, messages=tuple(ts.Message(role, words) for role, words in said), id="x")

    shown = prompt.showing(IMAGES[:2])
    assert [message.content for message in shown.messages] == ["One", "Two", ("Three", *IMAGES[:2]), "Four"]
    assert (shown.index, shown.id) == (3, "x")


def test_nobody_but_the_user_shows_images():
    prompt = ts.Prompt(index=0, messages=(ts.Message("system", "Why?"),))

    with pytest.raises(ValueError, match="no message of the user"):
        prompt.showing(IMAGES)


def test_an_album_is_picked_from_by_seed_user_and_turn():
    album = ts.Album(IMAGES, 3)
    picked = album.pick(0, user=1, turn=2)

    assert picked == album.pick(0, user=1, turn=2)
    assert len(set(picked)) == 3
    assert len({album.pick(*where) for where in [(0, 1, 2), (1, 1, 2), (0, 2, 2), (0, 1, 3)]}) == 4


def test_what_is_picked_is_what_it_has_always_been():
    assert [image.base64 for image in ts.Album(IMAGES, 3).pick(0, user=0, turn=0)] == ["0002", "0003", "0004"]


@given(st.integers(0, 99), st.integers(0, 50), st.integers(0, 50))
def test_every_image_can_be_picked_and_none_twice(seed, user, turn):
    assert set(ts.Album(IMAGES, 5).pick(seed, user, turn)) == set(IMAGES)


def test_dealt_prompts_show_what_is_picked():
    testset = msgspec.structs.replace(numbered(4), album=ts.Album(IMAGES, 2))
    dealt = ts.deal(testset, seed=9, user=1, turn=2, users=3)

    bare = ts.deal(numbered(4), seed=9, user=1, turn=2, users=3)
    assert dealt == bare.showing(testset.album.pick(9, 1, 2))
    assert testset.has_images
    assert not numbered(4).has_images


def test_one_digest_stays_itself_and_several_become_one():
    # printf 'a\nb' | sha256sum
    assert ts.digest_of_all(["a"]) == "a"
    assert ts.digest_of_all(["a", "b"]) == ts.digest(b"a\nb")
