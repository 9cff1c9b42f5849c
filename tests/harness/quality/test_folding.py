import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.quality import boxed, folding


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Paris", "paris"),
        ("  PARIS.\n", "paris"),
        ("**Paris**", "paris"),
        ("“Paris”", "paris"),
        ("「真空」。", "真空"),
        ("Ｐａｒｉｓ", "paris"),
        ("new\n  york", "new york"),
        ("(Paris)", "paris"),
        ("(“Paris”).", "paris"),
        ("## Paris", "paris"),
        ("#1 in Paris is # 7", "#1 in paris is # 7"),
        ("Straße", "strasse"),
        # What stands at the edge and is part of the answer
        ("-5", "-5"),
        ("50%", "50%"),
        ("C++", "c++"),
        ("C#", "c#"),
        (".5", ".5"),
        ("f(x)", "f(x)"),
        ("(a)(b)", "(a)(b)"),
        ("[0, 1]", "[0, 1]"),
        ("!", "!"),
        ("...", "..."),
        ("", ""),
    ],
)
def test_what_is_left_of_an_answer(text, plain):
    assert folding.bare(text) == plain


@pytest.mark.parametrize(
    ("text", "expected", "inside"),
    [
        ("It is Paris, of course.", "paris", True),
        ("PARIS", "Paris", True),
        ("It is Paris.", "Paris.", True),
        ("It is **New\nYork**", "new york", True),
        ("It is _Paris_.", "Paris", True),
        ("__5__", "5", True),
        ("snake_case", "case", False),
        ("snake__case", "snake", False),
        ("1_000", "000", False),
        ("concatenate", "cat", False),
        ("the cats", "cat", False),
        ("the cat's tail", "cat", True),
        ("cat", "the cat", False),
        ("声音不能在真空中传播", "真空", True),
        ("是Paris的", "Paris", True),
        ("Paris입니다", "Paris", True),
        ("파리입니다", "파리", True),
        ("15", "5", False),
        ("5.2", "5", False),
        ("2.5", "5", False),
        ("-5", "5", False),
        ("5, 6", "5", True),
        ("It is 5.", "5", True),
        ("是5个", "5", True),
        ("C++ it is", "C++", True),
        ("", "Paris", False),
        ("Paris", "", False),
    ],
)
def test_words_of_their_own(text, expected, inside):
    assert folding.contains(text, expected) is inside


@given(
    st.text(min_size=1, max_size=30), st.text(alphabet="ab ,.中", max_size=10), st.text(alphabet="ab ,.中", max_size=10)
)
def test_white_space_around_it_is_enough(word, before, after):
    wanted = folding.bare(word)
    assert wanted == "" or folding.bare(wanted) != wanted or folding.contains(f"{before} {word} {after}", word)


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "Nd")), min_size=1))
def test_outer_punctuation_does_not_matter(word):
    for way in ("{}", " {}. ", '"{}"', "**{}**", "({})", "“{}”！", "`{}`"):
        assert folding.bare(way.format(word)) == word.lower()


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("\\boxed{42}", "42"),
        ("\\boxed {42}", "42"),
        ("\\boxed{1} and \\boxed{2}", "2"),
        ("\\boxed{\\frac{1}{2}} x", "\\frac{1}{2}"),
        ("\\boxed{ }", ""),
        ("\\boxed{42", None),
        ("\\boxed 42", None),
        ("42", None),
    ],
)
def test_what_is_boxed(text, inside):
    assert boxed.last(text) == inside
