import pytest

from sidecar.config.problem import Problem, Source, hide_userinfo, in_order, is_secret_name


@pytest.mark.parametrize(
    "name",
    ["Authorization", "X-Api-Key", "apikey", "api_key", "token", "X-Auth-Token", "Client-Secret", "PASSWORD", "Cookie",
     "Ocp-Apim-Subscription-Key", "key"],
)  # fmt: skip
def test_secret_names(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["Accept", "X-Request-Id", "monkey", "Keyboard", "X-Client", "Trackingid", "User-Agent"]
)
def test_names_without_secret(name):
    assert not is_secret_name(name)


def test_a_password_in_a_url_keeps_its_length():
    assert hide_userinfo("http://joe:pw@h/ http://other/@x") == "http://******@h/ http://other/@x"


def test_the_caret_stands_under_the_column_behind_tabs():
    problem = Source("f", "a:\t\tb").problem((1, 5), "a", "wrong")
    assert problem.render() == "f:1:5: a: wrong\n  a:\t\tb\n    \t\t^"


def test_control_characters_do_not_reach_the_terminal():
    assert Source("f", "a: \x1b[31m\x9b").line(1) == "a: ?[31m?"


def test_a_secret_over_several_lines_is_blotted_out():
    source = Source("f", "set:\n  X-Key: 'one\n    two'\nend: 1")
    source.blot((2, 10), (3, 9))
    assert [source.line(number) for number in range(1, 5)] == ["set:", "  X-Key: ****", "    ****", "end: 1"]


def test_a_line_outside_the_file_is_none():
    assert Source("f", "a").line(2) is None


def test_problems_come_in_the_order_of_the_file_and_once():
    source = Source("f", "a\nb\nc")
    problems = [source.problem((3, 1), "c", "x"), source.problem((1, 1), "a", "x"), source.problem((3, 1), "c", "x")]
    assert [problem.path for problem in in_order(problems)] == ["a", "c"]


def test_of_a_long_line_the_part_around_the_mistake_is_shown():
    line = "a" * 300 + "X" + "b" * 300
    shown = Problem("f.yaml", 1, 301, "", "bad", source=line).render().splitlines()[1:]
    assert shown == ["  ..." + "a" * 100 + "X" + "b" * 99 + "...", "  " + " " * 103 + "^"]
    short = Problem("f.yaml", 1, 3, "", "bad", source="ab: c").render().splitlines()[1:]
    assert short == ["  ab: c", "    ^"]
    begun = Problem("f.yaml", 1, 2, "", "bad", source="X" * 500).render().splitlines()[1:]
    assert begun == ["  " + "X" * 200 + "...", "   ^"]
