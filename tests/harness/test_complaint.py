from harness.complaint import line_in, words


def raised(source, name="mine.py"):
    try:
        exec(compile(source, name, "exec"), {})
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError("nothing was raised")


def test_the_line_is_the_last_one_in_the_file():
    error = raised("import json\ndef f(x):\n    return json.loads(x)\nf('no')\n")
    assert line_in(error, "mine.py") == 3
    assert words(error, "mine.py") == "raised JSONDecodeError on line 3: Expecting value: line 1 column 1 (char 0)"


def test_a_syntax_error_is_on_its_own_line():
    assert words(raised("x = 1\ny = = 2\n"), "mine.py") == "raised SyntaxError on line 2: invalid syntax"


def test_a_file_that_had_no_part_in_it_has_no_line():
    assert words(raised("1 / 0"), "other.py") == "raised ZeroDivisionError: division by zero"


def test_words_are_one_line_without_keys():
    error = raised("raise ValueError('two\\nlines, key sk-abc123456, and hush-hush.')")
    assert words(error, "mine.py", ["hush-hush"]) == "raised ValueError on line 1: two lines, key ***, and ***"


def test_an_exception_without_words():
    assert words(raised("raise KeyError"), "mine.py") == "raised KeyError on line 1"


def test_an_exception_whose_words_cannot_be_had():
    source = "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute"
    assert words(raised(source), "mine.py") == "raised Mute on line 4"
