import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answers import answer
from support.gaps import gap

from harness.quality import checks
from harness.quality.answer import Found
from harness.score import BY_NAME

TOLERANCE = 1e-6


def score(text, expected, name="accuracy", tolerance=TOLERANCE, **metadata):
    return checks.check(name, tolerance).score(answer(text, expected, **metadata))


@pytest.mark.parametrize(
    ("expected", "form"),
    [
        ("B", "choice"),
        ("(B)", "choice"),
        ("K", "contains"),
        ("42", "numeric"),
        ("-1,234.5", "numeric"),
        ("50%", "numeric"),
        ("$5", "numeric"),
        ("1/2", "numeric"),
        ("9 a day makes 9 * 2 = 18.\n#### 18", "numeric"),
        ('{"a": 1}', "json"),
        ("[1, 2]", "json"),
        ("[x, y]", "contains"),
        ("$\\sqrt{2}$", "math"),
        ("$\\frac{1}{2}$", "numeric"),
        ("\\frac{x}{2}", "math"),
        ("\\boxed{x}", "math"),
        ("Paris", "contains"),
        ("真空", "contains"),
        ("42 km", "contains"),
    ],
)
def test_the_form_of_an_expected_answer(expected, form):
    assert checks.form(expected) == form


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ("The answer is (B).", "B", Found(1.0, "B")),
        ("答案是C", "B", Found(0.0, "C")),
        ("No idea.", "B", Found(0.0)),
        ("It is 1,244.", "1244", Found(1.0, "1244")),
        ("It is 50%.", "0.5", Found(1.0, "50%")),
        ("It is many.", "1244", Found(0.0)),
        ("so 9 * 2 = 18", "9 * 2 = 18\n#### 18", Found(1.0, "18")),
        ('```json\n{"a": 1.0}\n```', '{"a": 1}', Found(1.0)),
        ('{"a": true}', '{"a": 1}', Found(0.0)),
        ("none", '{"a": 1}', Found(0.0, "no JSON")),
        ("$\\boxed{\\frac{2}{4}}$", "$\\frac{1}{2}$", Found(1.0, "0.5")),
        ("So it is $2\\sqrt{2}$", "$\\sqrt{8}$", Found(1.0)),
        ("Of course it is Paris!", "Paris", Found(1.0)),
        ("Of course it is Parisian!", "Paris", Found(0.0)),
        ("", "Paris", Found(0.0)),
    ],
)
def test_accuracy_goes_by_the_form(text, expected, found):
    assert score(text, expected) == found


def test_a_prompt_names_its_check():
    assert score("It is 42, no: 41", "42").value == 0.0
    assert score("It is 42, no: 41", "42", check="contains").value == 1.0
    assert score("It is Paris", "Paris", check="exact").value == 0.0
    assert score("x = 4", "^x = [0-9]$", check="regex") == Found(1.0, "x = 4")


@pytest.mark.parametrize("named", ["accuracy", "bleu", "", 5, ["exact"], {}])
def test_a_prompt_names_a_check_that_there_is_not(named):
    found = score("42", "42", check=named)
    assert found.value is None
    assert found.why == (
        f"Its prompt names the check {named!r}; there are choice, exact, contains, regex, numeric, math, json."
    )


@pytest.mark.parametrize(
    ("name", "expected", "why"),
    [
        ("choice", "Paris", 'The expected answer "Paris" is no letter A to J.'),
        ("numeric", "Paris", 'The expected answer "Paris" is no number.'),
        ("json", "Paris", 'The expected answer "Paris" is no JSON document: '),
        ("json", "[NaN]", 'The expected answer "[NaN]" is no JSON document: NaN is no JSON.'),
        ("math", "Paris", "The expected answer 'Paris' is no formula that math-verify can read."),
        ("regex", "(", 'The expected answer "(" is no regular expression: '),
        (
            "regex",
            "a{99999999999999999999}",
            'The expected answer "a{99999999999999999999}" is no regular expression: ',
        ),
        ("regex", "(" * 20_000, 'The expected answer "' + "(" * 60 + '" is no regular expression: it is nested'),
    ],
)
def test_an_expected_answer_that_the_check_cannot_read(name, expected, why):
    found = score("42", expected, name)
    assert found.value is None
    assert found.why.startswith(why)


def test_one_check_for_all_prompts_whatever_they_name():
    assert score("Paris!", "Paris", "exact", check="contains").value == 1.0
    assert score("It is Paris!", "Paris", "exact", check="contains").value == 0.0


def test_numbers_of_a_longer_expected_answer():
    assert score("It weighs 5 kg.", "5 kg", "numeric") == Found(1.0, "5")


def test_the_tolerance():
    assert score("105", "100", "numeric").value == 0.0
    assert score("105", "100", "numeric", tolerance=0.05).value == 1.0


def test_a_number_of_many_digits_has_a_short_label():
    assert score("9" * 50, "1", "numeric").label == "9.9999999999999999999999999999999999999999999999999e+49"
    assert len(score("9" * 500, "1", "numeric").label) <= 60
    assert score("1e999999999999", "1", "numeric") == Found(0.0, "NaN")


def test_prompts_without_an_expected_answer():
    check = checks.check("accuracy", TOLERANCE)
    assert not check.applies(answer("42"))
    assert not check.applies(answer("42", "  "))
    assert check.applies(answer("42", "42"))
    assert gap(check, [answer("42")]) == (
        'No prompt in the run folder has an expected answer to check against: give the set a field "expected", and run it again.'
    )
    assert gap(check, [answer("42"), answer("42", "42")]) is None
    assert check.score(answer("42")) == Found(None, why="Its prompt has no expected answer.")


@pytest.mark.parametrize("name", ["accuracy", *checks.CHECKS])
def test_each_check_is_of_its_meaning(name):
    check = checks.check(name, 0.01)
    assert check.meaning is BY_NAME[name]
    assert check.meaning.checks
    assert not check.asks
    assert check.settings.get("tolerance") == (0.01 if name in ("accuracy", "numeric") else None)
    assert ("math-verify" in check.settings) == (name in ("accuracy", "math"))


def test_without_its_library_only_math_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "math_verify", None)
    with pytest.raises(ImportError):
        checks.check("math", TOLERANCE)
    assert score("42", "42").value == 1.0
    assert score("$2\\sqrt{2}$", "$\\sqrt{8}$") == Found(
        None, why="The library math-verify is missing: pip install 'llocust[quality]'."
    )


def test_a_library_whose_version_is_not_known(monkeypatch):
    def missing(name):
        raise checks.PackageNotFoundError(name)

    monkeypatch.setattr(checks, "version_of", missing)
    assert checks.check("accuracy", TOLERANCE).settings["math-verify"] is None


NAMES = sorted(set(checks.CHECKS) - {"math", "regex"})


@given(st.sampled_from(["accuracy", *NAMES]), st.text(max_size=40), st.text(max_size=20))
def test_a_score_is_right_or_wrong_or_says_why_it_is_neither(name, text, expected):
    found = checks.check(name, TOLERANCE).score(answer(text, expected))
    assert found.value in (0.0, 1.0) if found.why is None else found.value is None


@given(st.integers() | st.sampled_from("ABCDEFGHIJ") | st.text(alphabet="abcdefg真空", min_size=2))
def test_the_expected_answer_is_right(expected):
    assert score(str(expected), str(expected)).value == 1.0


def test_a_flood_is_read_in_linear_time():
    # Quadratic, each of these would take minutes: the suite's own limit would end the test.
    for name, expected in (("exact", "(x)"), ("contains", "a"), ("json", "[]"), ("choice", "A"), ("numeric", "1")):
        for flood in ("(", "[", "{", '{"a":', "```\n", "```json", '"', "b", "\n", "#", "a" * 9 + "b"):
            found = score("(" + flood * 20_000 + ")" * 20_000, expected, name)
            # One of them has the word.
            assert found.value == float((name, flood) == ("contains", '{"a":')), (name, flood)
