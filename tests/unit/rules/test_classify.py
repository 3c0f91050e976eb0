import pytest

from sidecar.rules.classify import outcome


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, "success"), (101, "success"), (200, "success"), (204, "success"), (304, "success"), (399, "success"),
        (400, "client_error"), (403, "client_error"), (408, "client_error"), (428, "client_error"),
        (429, "throttled"), (430, "client_error"), (499, "client_error"),
        (500, "server_error"), (503, "server_error"), (504, "server_error"), (599, "server_error"),
        (999, "server_error"),
    ],
)  # fmt: skip
def test_outcome(status: int, expected: str) -> None:
    assert outcome(status) == expected
