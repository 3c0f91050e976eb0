import asyncio
import json
import os
from pathlib import Path

import pytest

from sidecar.admin import kill_file
from sidecar.admin.kill_file import SwitchesUnreadable
from sidecar.admin.switchboard import Forced
from sidecar.policies.switches import Kill
from tests.unit.admin.board import NOW, Breaker, Desk

KILL = Kill("refunds run twice", "ana", NOW)


def ending(seconds: float) -> Kill:
    return Kill("x", "ana", NOW, NOW + seconds)


def written(folder: Path) -> list[str]:
    return list(json.loads((folder / "switches.json").read_text())["kills"])


# ---- kill ----


async def test_a_kill_holds_at_once_and_is_told() -> None:
    desk = Desk()
    assert await desk.board.kill("pay", KILL, "127.0.0.1")
    assert desk.board.live["pay"].kill is KILL
    assert desk.board.live["mail"].kill is None
    assert (desk.killed("pay"), desk.killed("mail")) == (1, 0)
    (line,) = desk.log.lines
    del line["ts"]
    assert line == {
        "level": "warning", "event": "kill_switch_on", "provider": "pay", "reason": "refunds run twice", "who": "ana",
        "since": "1994-11-06T08:49:37Z", "until": None, "client": "127.0.0.1",
    }  # fmt: skip


async def test_a_revival_is_told_and_a_second_one_changes_nothing() -> None:
    desk = Desk()
    await desk.board.kill("pay", KILL, "127.0.0.1")
    for _ in range(2):
        assert await desk.board.revive("pay", "127.0.0.1")
    assert desk.board.live["pay"].kill is None
    assert desk.killed("pay") == 0
    assert desk.events == ["kill_switch_on", "kill_switch_off"]


async def test_secrets_in_texts_of_people_do_not_reach_the_log() -> None:
    desk = Desk()
    await desk.board.kill("pay", Kill("token=s3cr3t-value-1", "api_key=s3cr3t-value-2", NOW), "127.0.0.1")
    assert "s3cr3t" not in json.dumps(desk.log.lines)


async def test_a_reload_keeps_the_kill_and_nothing_else() -> None:
    desk = Desk()
    before = desk.reload(provider=Breaker())["pay"]
    await desk.board.kill("pay", KILL, "c")
    after = desk.reload()["pay"]
    assert after is not before
    assert after.kill is KILL
    assert after.breakers == {}
    assert desk.killed("pay") == 1


async def test_a_removed_provider_comes_back_killed() -> None:
    desk = Desk()
    await desk.board.kill("pay", KILL, "c")
    desk.reload("mail")
    assert desk.killed("pay") == 0
    assert desk.reload()["pay"].kill is KILL
    assert desk.killed("pay") == 1


async def test_a_removed_provider_can_be_revived() -> None:
    desk = Desk()
    await desk.board.kill("pay", KILL, "c")
    desk.reload("mail")
    await desk.board.revive("pay", "c")
    assert desk.reload()["pay"].kill is None


async def test_a_table_that_did_not_go_live_turns_nothing() -> None:
    desk = Desk()
    abandoned = desk.board.fresh("pay", enabled=True)
    await desk.board.kill("pay", KILL, "c")
    assert abandoned.kill is None
    assert desk.board.live["pay"].kill is KILL


def test_the_gauge_shows_the_files_word_too() -> None:
    async def inside() -> None:
        desk = Desk()
        desk.board.go_live({"pay": desk.board.fresh("pay", enabled=False)})
        assert desk.killed("pay") == 1
        desk.reload()
        assert desk.killed("pay") == 0

    asyncio.run(inside())


# ---- expiry ----


async def test_a_kill_ends_by_itself_and_that_is_told() -> None:
    desk = Desk()
    await desk.board.kill("pay", ending(10), "c")
    (timer,) = desk.loop.set
    assert timer.delay == 10
    desk.wall += 10
    timer.fire()
    assert (desk.board.live["pay"].kill, desk.board.kills, desk.killed("pay")) == (None, {}, 0)
    assert desk.events == ["kill_switch_on", "kill_switch_expired"]
    assert desk.loop.set == []


async def test_the_nearest_end_is_waited_for() -> None:
    desk = Desk()
    await desk.board.kill("pay", ending(30), "c")
    await desk.board.kill("mail", ending(10), "c")
    (timer,) = desk.loop.set
    desk.wall += timer.delay
    timer.fire()
    assert list(desk.board.kills) == ["pay"]
    (timer,) = desk.loop.set
    assert timer.delay == 20


async def test_a_far_end_is_looked_at_now_and_then_as_clocks_are_set() -> None:
    desk = Desk()
    await desk.board.kill("pay", ending(3600), "c")
    (timer,) = desk.loop.set
    assert timer.delay == 60
    timer.fire()
    assert list(desk.board.kills) == ["pay"]
    desk.wall += 3600
    (timer,) = desk.loop.set
    timer.fire()
    assert desk.board.kills == {}


async def test_an_end_that_is_put_off_is_not_kept() -> None:
    desk = Desk()
    await desk.board.kill("pay", ending(10), "c")
    await desk.board.kill("pay", KILL, "c")
    assert desk.loop.set == []


async def test_a_timer_that_fires_early_is_set_again() -> None:
    desk = Desk()
    await desk.board.kill("pay", ending(10), "c")
    desk.wall += 9.999
    desk.loop.set[0].fire()
    assert list(desk.board.kills) == ["pay"]
    (timer,) = desk.loop.set
    assert 0 <= timer.delay < 0.01


async def test_nothing_is_left_at_the_end() -> None:
    desk = Desk()
    await desk.board.kill("pay", ending(10), "c")
    desk.board.close()
    assert desk.loop.set == []


# ---- kept over a restart ----


async def test_a_kill_survives(tmp_path: Path) -> None:
    first = Desk(tmp_path / "state")
    first.board.restore()
    await first.board.kill("pay", KILL, "c")
    await first.board.kill("mail", ending(10), "c")
    second = Desk(tmp_path / "state")
    second.wall += 10
    second.board.restore()
    assert second.board.kills == {"pay": KILL}
    assert written(tmp_path / "state") == ["pay"]
    assert second.reload()["pay"].kill == KILL
    second.board.announce()
    (line,) = second.log.lines
    assert (line["event"], line["level"], line["provider"], line["who"]) == (
        "kill_switch_restored", "warning", "pay", "ana",
    )  # fmt: skip


async def test_revival_and_expiry_are_written_down(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for name in ("pay", "mail"):
        await desk.board.kill(name, ending(10), "c")
    await desk.board.revive("mail", "c")
    assert written(tmp_path) == ["pay"]
    desk.wall += 10
    desk.loop.set[0].fire()
    tasks = [task for task in asyncio.all_tasks() if task.get_name() == "write switches"]
    await asyncio.gather(*tasks)
    assert written(tmp_path) == []


async def test_a_folder_that_cannot_be_written_shows_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(SwitchesUnreadable):
        Desk(tmp_path / "state").board.restore()


async def test_a_kill_holds_even_if_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path, kills: object) -> None:
        raise SwitchesUnreadable("no space left on device", folder / "switches.json")

    desk = Desk(tmp_path)
    monkeypatch.setattr(kill_file, "save", full)
    assert not await desk.board.kill("pay", KILL, "c")
    assert desk.board.live["pay"].kill is KILL
    assert desk.log.lines[-1]["event"] == "kill_switch_not_saved"
    assert desk.log.lines[-1]["level"] == "error"


async def test_a_caller_that_leaves_does_not_stop_the_writing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    async with desk.board._saving:  # another change is being written
        caller = asyncio.ensure_future(desk.board.kill("pay", KILL, "c"))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.sleep(0)
    (task,) = [task for task in asyncio.all_tasks() if task.get_name() == "write switches"]
    await task
    assert written(tmp_path) == ["pay"]
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    desk = Desk()
    desk.board.restore()
    assert await desk.board.kill("pay", ending(1), "c")
    desk.wall += 1
    desk.loop.set[0].fire()
    assert os.listdir(tmp_path) == []


# ---- breakers ----


async def test_breakers_are_held_and_let_go() -> None:
    desk = Desk()
    one, two = Breaker(), Breaker()
    desk.reload(provider=one, charge=two)
    desk.board.force("pay", ["provider", "charge"], Forced("open", "maintenance", "ana", NOW), "c")
    desk.board.force("pay", ["charge"], Forced("closed", "let it try", "bo", NOW), "c")
    assert one.told == ["open: ana: maintenance"]
    assert two.told == ["open: ana: maintenance", "closed"]
    desk.board.release("mail", "c")
    assert set(desk.board.forced) == {("pay", "provider"), ("pay", "charge")}
    desk.board.release("pay", "c")
    desk.board.release("pay", "c")
    assert one.told[1:] == ["released"]
    assert two.told[2:] == ["released"]
    assert desk.events == [*["breaker_forced"] * 3, *["breaker_released"] * 2]
    assert desk.log.lines[0]["reason"] == "maintenance"


async def test_a_breaker_made_anew_is_held_as_the_old_one_was() -> None:
    desk = Desk()
    kept, old, new = Breaker(), Breaker(), Breaker()
    desk.reload(provider=kept, charge=old)
    desk.board.force("pay", ["provider", "charge"], Forced("open", "x", "ana", NOW), "c")
    desk.reload(provider=kept, charge=new)
    assert kept.told == ["open: ana: x"]
    assert new.told == ["open: ana: x"]
    assert len(old.told) == 1


async def test_a_breaker_that_is_gone_is_held_no_more() -> None:
    desk = Desk()
    desk.reload(provider=Breaker())
    desk.board.force("pay", ["provider"], Forced("open", "x", "ana", NOW), "c")
    desk.reload()
    fresh = Breaker()
    desk.reload(provider=fresh)
    assert fresh.told == []
    assert desk.board.forced == {}
