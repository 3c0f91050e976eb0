from typing import Any

import pytest

from sidecar.http.tunnel import join


class Transport:
    """Takes down what is asked of it; ``lost`` is what a loop would call after a close."""

    def __init__(self, *, half_close: bool = True) -> None:
        self.written = b""
        self.calls: list[str] = []
        self.protocol: Any = None
        self.closing = False
        self._half_close = half_close

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def write(self, data: bytes) -> None:
        assert not self.closing
        self.written += data

    def can_write_eof(self) -> bool:
        return self._half_close

    def write_eof(self) -> None:
        self.calls.append("eof")

    def close(self) -> None:
        self.closing = True
        self.calls.append("close")

    def abort(self) -> None:
        self.closing = True
        self.calls.append("abort")

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def get_extra_info(self, name: str) -> None:
        return None


Ends = list[tuple[int, int, BaseException | None]]


def make(from_app: bytes = b"", from_provider: bytes = b"", **options: bool) -> tuple[Any, Any, Ends]:
    app: Any = Transport(**options)
    provider: Any = Transport(**options)
    ends: Ends = []
    join(app, provider, from_app, from_provider, lambda *what: ends.append(what))
    return app, provider, ends


def test_bytes_go_both_ways_and_are_counted() -> None:
    app, provider, ends = make(b"early", b"hello")
    assert (provider.written, app.written) == (b"early", b"hello")
    assert app.calls == provider.calls == ["resume"]
    app.protocol.data_received(b" app")
    provider.protocol.data_received(b" provider")
    assert (provider.written, app.written) == (b"early app", b"hello provider")
    app.protocol.connection_lost(None)
    provider.protocol.connection_lost(None)
    assert ends == [(9, 14, None)]


def test_a_full_socket_stops_the_other_sides_reading() -> None:
    app, provider, _ = make()
    app.protocol.pause_writing()
    assert provider.calls == ["resume", "pause"]
    app.protocol.resume_writing()
    assert provider.calls == ["resume", "pause", "resume"]
    assert app.calls == ["resume"]


def test_backpressure_after_the_other_side_closed_does_nothing() -> None:
    app, provider, _ = make()
    provider.protocol.connection_lost(None)
    calls = list(provider.calls)
    app.protocol.pause_writing()
    app.protocol.resume_writing()
    assert provider.calls == calls


def test_a_half_close_is_passed_on_and_the_second_closes() -> None:
    app, provider, ends = make()
    assert app.protocol.eof_received() is True
    assert provider.calls == ["resume", "eof"]
    provider.protocol.data_received(b"the rest")
    assert app.written == b"the rest"
    assert provider.protocol.eof_received() is False
    assert app.calls[-1] == "close"
    provider.protocol.connection_lost(None)
    app.protocol.connection_lost(None)
    assert len(ends) == 1


def test_without_half_close_the_first_end_closes_both() -> None:
    # TLS cannot close one direction
    app, provider, _ = make(half_close=False)
    assert app.protocol.eof_received() is False
    assert provider.calls[-1] == "close"


@pytest.mark.parametrize("first", ["app", "provider"])
def test_an_error_on_one_side_cuts_the_other_and_is_told_once(first: str) -> None:
    app, provider, ends = make()
    broken, other = (app, provider) if first == "app" else (provider, app)
    error = ConnectionResetError("reset")
    broken.protocol.connection_lost(error)
    assert other.calls[-1] == "abort"
    assert ends == []
    other.protocol.connection_lost(None)
    assert ends == [(0, 0, error)]


@pytest.mark.parametrize("first", ["app", "provider"])
def test_a_side_that_was_closing_already_closes_the_other(first: str) -> None:
    app: Any = Transport()
    provider: Any = Transport()
    closing, other = (app, provider) if first == "app" else (provider, app)
    closing.closing = True
    join(app, provider, b"", b"", lambda *_: None)
    assert "close" in other.calls
