"""Updates of mounted volumes, as the kubelet makes them: each is seen, none is mixed with another."""

from typing import Any

import pytest

import sidecar.reloading
from tests.chaos.scene import Scene, eventually
from tests.lifecycle.mounted import pod


def events(scene: Scene, name: str) -> list[dict[str, Any]]:
    return [line for line in scene.events() if line["event"] == name]


@pytest.mark.usefixtures("quick_look")
async def test_every_swap_is_seen(scene: Scene) -> None:
    one = await pod(scene)
    await one.start()
    for number in range(1, 13):
        one.configure({"X-Generation": f"generation-{number}"})
        await one.reloaded(number)
        await one.call()
        assert one.partner.last("X-Generation") == f"generation-{number}"


@pytest.mark.usefixtures("quick_look")
async def test_of_swaps_right_after_each_other_the_last_one_holds(scene: Scene) -> None:
    one = await pod(scene)
    await one.start()
    for number in range(10):
        one.configure({"X-Generation": "passing"})
        one.configure({"X-Generation": f"last-{number}"})
        await one.reloaded(number + 1)
        await one.call()
        assert one.partner.last("X-Generation") == f"last-{number}"


@pytest.mark.usefixtures("quick_look")
async def test_swap_while_the_configuration_is_read(scene: Scene) -> None:
    """What is read first says which secret belongs to it: both are of one generation, whenever the swap comes."""
    one = await pod(scene)

    def files(number: int) -> dict[str, str]:
        text = one.text({"X-Generation": f"{number}${{MEANWHILE}}", "X-Secret": "${file:key}"})
        return {"sidecar.yaml": text, "key": f"secret-{number}\n"}

    class Environ(dict[str, str]):
        """The configuration asks for ``MEANWHILE`` after its own text was read, and before its secret is."""

        due = 0

        def get(self, name: str, default: Any = None) -> Any:
            if name == "MEANWHILE" and self.due:
                number, self.due = self.due, 0
                one.config.write(files(number))
            return "" if name == "MEANWHILE" else default

    one.config.write(files(1))
    environ = Environ()
    await one.start(environ)
    environ.due = 3
    one.config.write(files(2))
    await one.reloaded(1)
    await one.call()
    assert (one.partner.last("X-Generation"), one.partner.last("X-Secret")) == ("3", "secret-3")


@pytest.mark.usefixtures("quick_look")
async def test_secret_of_its_own_volume_is_rotated(scene: Scene) -> None:
    one = await pod(scene)
    one.configure({"Authorization": f"Bearer ${{file:{one.secret / 'key'}}}"})
    await one.start()
    pool = scene.pool()
    for number in range(1, 4):
        one.secret.write({"key": f"key-{number}\n"})
        await one.reloaded(number)
        await one.call()
        assert one.partner.last("Authorization") == f"Bearer key-{number}"
    assert scene.pool() is pool
    assert "key-" not in scene.log.read_text()


@pytest.mark.usefixtures("no_look")
async def test_secret_is_looked_at_when_the_provider_refuses_it(scene: Scene) -> None:
    one = await pod(scene)
    one.configure({"Authorization": f"Bearer ${{file:{one.secret / 'key'}}}"})
    await one.start()
    one.partner.keys = {"key-1"}
    one.secret.write({"key": "key-1\n"})
    assert await one.call() == 401
    await one.reloaded(1)
    assert await one.call() == 200


@pytest.mark.usefixtures("no_look")
async def test_refusals_alone_reload_nothing(scene: Scene) -> None:
    one = await pod(scene)
    one.configure({"Authorization": f"Bearer ${{file:{one.secret / 'key'}}}"})
    await one.start()
    one.partner.keys = {"another"}
    looks: list[object] = []
    changed = sidecar.reloading.changed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sidecar.reloading, "changed", lambda seen: looks.append(seen) or changed(seen))
        for _ in range(5):
            assert await one.call() == 401
        await eventually(lambda: looks)
    assert scene.runtime.stats.reloads == {"success": 0, "failure": 0}


async def test_bad_file_is_told_once_and_the_next_good_one_is_taken(scene: Scene) -> None:
    one = await pod(scene)
    one.configure({"X-Generation": "first"})
    await one.start()
    one.config.write({"sidecar.yaml": one.text({}, providers={"p": {"base_urll": "http://x"}})})
    for _ in range(5):
        await scene.runtime._reloading.look()
    await one.call()
    assert (one.partner.last("X-Generation"), await one.ready()) == ("first", 200)
    await eventually(lambda: events(scene, "reload_failed"))
    (told,) = events(scene, "reload_failed")
    assert "did you mean 'base_url'?" in told["problems"][0]
    metrics = await scene.metrics()
    assert metrics['sidecar_config_reloads_total{result="failure"}'] == 1
    one.configure({"X-Generation": "third"})
    await scene.runtime._reloading.look()
    await one.call()
    assert one.partner.last("X-Generation") == "third"


@pytest.mark.usefixtures("quick_look")
async def test_secret_that_comes_after_the_configuration_that_names_it(scene: Scene) -> None:
    """Nobody looked for a file that the configuration in force does not name: its coming alone changed nothing."""
    one = await pod(scene)
    await one.start()
    one.configure({"X-Late": f"${{file:{one.secret / 'late'}}}"})
    await one.refused(1)
    one.secret.write({"key": "key-0\n", "late": "here now\n"})
    await one.reloaded(1)
    await one.call()
    assert one.partner.last("X-Late") == "here now"


@pytest.mark.usefixtures("quick_look")
async def test_certificate_that_comes_after_the_configuration_that_names_it(scene: Scene) -> None:
    one = await pod(scene)
    await one.start()
    tls = {"base_url": "https://127.0.0.1:1", "tls": {"ca": str(one.secret / "ca.pem")}}
    one.configure({}, providers={"p": tls})
    await one.refused(1)
    one.secret.write({"key": "key-0\n", "ca.pem": "not a certificate"})
    await one.refused(2)
    one.configure({"X-Generation": "good"})
    await one.reloaded(1)
    await one.call()
    assert one.partner.last("X-Generation") == "good"


@pytest.mark.usefixtures("quick_look")
async def test_file_that_is_gone_for_a_moment(scene: Scene) -> None:
    """An editor that moves the old file away first."""
    one = await pod(scene)
    await one.start()
    text = one.text({"X-Generation": "new"})
    scene.config.unlink()
    await one.refused(1)
    scene.config.write_text(text)
    await one.reloaded(1)
    await one.call()
    assert one.partner.last("X-Generation") == "new"


async def test_mount_of_a_single_file_is_warned_of(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await pod(scene)
    scene.config = scene.folder / "alone.yaml"
    scene.config.write_text(one.text({"X-Key": f"${{file:{one.secret / 'key'}}}"}))
    mounts = f"36 35 98:0 /x {scene.config} rw - ext4 /dev/sda rw\n37 35 98:0 / {one.secret.folder} rw - tmpfs t rw\n"
    monkeypatch.setattr(sidecar.runtime, "read_mounts", lambda: mounts)
    await one.start()
    await eventually(lambda: events(scene, "never_updated"))
    (told,) = events(scene, "never_updated")
    assert (told["level"], told["files"]) == ("warning", [str(scene.config)])


async def test_mounted_folders_are_warned_of_by_nobody(scene: Scene) -> None:
    one = await pod(scene)
    await one.start()
    await one.call()
    assert events(scene, "never_updated") == []


async def test_readiness_stays_when_every_provider_is_dead(scene: Scene) -> None:
    one = await pod(scene)
    dead = {f"dead-{number}": {"base_url": "http://127.0.0.1:1"} for number in range(3)}
    one.configure({}, providers=dead)
    await one.start()
    for name in dead:
        for _ in range(2):
            assert (await scene.get(f"/{name}/x")).status in (502, 503)
            await scene.call()
    assert (await scene.metrics())['sidecar_in_flight{provider="dead-0"}'] == 0
    assert await one.ready() == 200
