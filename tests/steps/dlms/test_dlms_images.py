"""Image transfer to a right meter, to slow ones and to wrong ones."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from served import PROFILE, do, observe, opened

from bench.errors import Inconclusive, ProfileError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.dlms.security.keys import Keys
from bench.steps.context import Context
from devices.emulators.dlms.profile import Settings
from devices.emulators.dlms.registers import Value

ITSELF = {"octets": 576, "identifier": "312E302E31"}
FIRMWARE = "1/1-0:0.2.0.255/a2"
STATUS = "18/0-0:44.0.0.255/a6"
OLD, NEW = (text.encode().hex().upper() for text in ("1.0.0", "1.0.1"))


def restored(context: Context) -> dict[str, Any]:
    """Restore the firmware as the plan does."""
    return do(context, "restore_firmware", as_="hls")


def activated(*faults: str) -> Context:
    """Return a context whose meter has the firmware of the image that is tried."""
    context = whole(opened("hls", "wrapper", *faults))
    do(context, "verify_image")
    assert do(context, "activate_image")["result"] == "success"
    return context


def silent(context: Context, seconds: float) -> None:
    """Let the meter be silent for so many seconds from now on."""
    port, until = context.ports["dlms"], time.monotonic() + seconds
    send = port.send

    def deaf(octets: bytes) -> None:
        if time.monotonic() >= until:
            send(octets)

    port.send = deaf
    context.ixit["dlms"]["images"]["activation_s"] = 5


def whole(context: Context) -> Context:
    """Transfer the whole image."""
    do(context, "transfer_image")
    return context


def slow(*faults: str) -> Context:
    """Return a context whose meter takes its time: each APDU is a second, an image takes eight."""
    count = itertools.count()
    return opened("hls", "wrapper", *faults, settings=Settings(past_rows=4, image_s=8),
                  tick=lambda: float(next(count)))


def test_a_whole_image_is_verified_and_activated() -> None:
    context = opened("hls")
    seen = do(context, "transfer_image")
    assert (seen["initiated"], seen["results"], seen["sent"], seen["status"]) == (
        "success", ["success"], 5, "initiated")
    assert seen["arrived"] == seen["first_missing"] == seen["blocks"] == 5
    declared = context.ixit["dlms"]["images"]["test"]
    assert {name: seen[name] for name in ("identifier", "octets", "sha256")} == {
        name: declared[name] for name in ("identifier", "octets", "sha256")}
    seen = do(context, "verify_image")
    assert (seen["result"], seen["status"], seen["to_activate"]) == (
        "success", "verification-successful", [ITSELF])
    seen = do(context, "activate_image")
    assert (seen["result"], seen["status"]) == ("success", "activation-successful")
    assert do(context, "get", object=FIRMWARE)["value"] == declared["firmware"]


def test_the_first_firmware_is_brought_back_where_another_is_active() -> None:
    assert restored(opened("hls")) == {"before": OLD, "firmware": OLD, "needed": False}
    context = activated()
    seen = restored(context)
    assert (seen["before"], seen["firmware"], seen["needed"], seen["results"], seen["result"]) == (
        NEW, OLD, True, ["success"], "success")
    assert do(context, "get", object=FIRMWARE)["value"] == OLD


def test_a_firmware_that_looks_the_same_is_sent_all_the_same() -> None:
    context = opened("hls")
    context.ixit["dlms"]["images"]["test"]["firmware"] = OLD
    assert restored(context)["needed"]


def test_a_first_image_that_does_not_verify_is_not_activated(tmp_path: Path) -> None:
    context = activated("image-activated-unverified")
    declared = context.ixit["dlms"]["images"]["first"]
    altered = (PROFILE.parent / declared["file"]).read_bytes()[::-1]
    (tmp_path / "altered.img").write_bytes(altered)
    context.folder = tmp_path
    declared |= {"file": "altered.img", "sha256": hashlib.sha256(altered).hexdigest().upper()}
    seen = restored(context)
    assert (seen["results"], seen["result"], seen["status"], seen["firmware"]) == (
        ["success"], "none", "verification-failed", NEW)
    assert do(context, "get", object=FIRMWARE)["value"] == NEW


def test_a_first_image_that_is_refused_is_not_activated() -> None:
    context = activated()
    context.ixit["dlms"]["images"]["first"]["octets"] = 1 << 30  # the meter takes none as large
    seen = restored(context)
    assert (seen["results"], seen["result"], seen["firmware"]) == (["other-reason"], "none", NEW)


# the firmware


@pytest.mark.parametrize(("which", "active", "now"), [
    ("first", False, OLD), ("test", False, OLD), ("test", True, NEW), ("first", True, NEW)])
def test_the_firmware_is_read(which: str, active: bool, now: str) -> None:
    context = activated() if active else opened("hls")
    assert do(context, "read_firmware", image=which) == {"outcome": "success", "firmware": now}


def test_any_other_firmware_than_before_will_do_where_none_is_declared() -> None:
    context = activated()
    context.ixit["dlms"]["images"]["test"]["firmware"] = ""
    context.ixit["dlms"]["images"]["activation_s"] = 60
    assert do(context, "read_firmware", image="test")["firmware"] == NEW


def test_a_text_is_compared_as_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Value.read_value

    def as_text(self: Value) -> Data:
        held = read(self)
        if self.instance == bytes((1, 0, 0, 2, 0, 255)):
            return Data(Tag.VISIBLE_STRING, held.value.decode())
        return held

    monkeypatch.setattr(Value, "read_value", as_text)
    context = activated()
    assert do(context, "read_firmware", image="test") == {"outcome": "success", "firmware": NEW}
    seen = restored(context)
    assert (seen["before"], seen["firmware"]) == (NEW, OLD)


def test_a_meter_that_starts_anew_after_its_answer_is_waited_for() -> None:
    context = activated()
    silent(context, 0.2)
    assert do(context, "read_firmware", image="test") == {"outcome": "success", "firmware": NEW}
    silent(context, 0.2)
    seen = restored(context)
    assert (seen["before"], seen["result"], seen["firmware"]) == (NEW, "success", OLD)


def test_a_meter_that_has_its_new_firmware_after_a_while_is_waited_for(
        monkeypatch: pytest.MonkeyPatch) -> None:
    read, reads = Value.read_value, itertools.count()

    def late(self: Value) -> Data:
        held = read(self)
        if self.instance == bytes((1, 0, 0, 2, 0, 255)) and next(reads) < 2:
            return Data(Tag.OCTET_STRING, b"1.0.0")
        return held

    context = activated()
    context.ixit["dlms"]["images"]["activation_s"] = 0.5
    monkeypatch.setattr(Value, "read_value", late)
    assert do(context, "read_firmware", image="test")["firmware"] == NEW


def test_a_meter_that_stays_silent_is_told_of() -> None:
    context = activated()
    silent(context, 60)
    context.ixit["dlms"]["images"]["activation_s"] = 0.05
    assert do(context, "read_firmware", image="test") == {"outcome": "silence", "firmware": ""}
    assert restored(context) == {
        "needed": True, "before": "", "firmware": "", "result": "silence"}


def test_an_association_that_is_refused_is_not_tried_again() -> None:
    context = activated()
    context.ixit["dlms"]["images"]["activation_s"] = 60
    context.ixit["dlms"]["firmware"]["association"] = "lls"
    context.lasting["dlms"].keys["lls"] = Keys(secret=b"not the secret")
    seen = observe(context, "read_firmware", image="test")
    assert (seen.values["outcome"], len(seen.frames)) == ("rejected", 2)


# blocks


@pytest.mark.parametrize(("place", "number"), [("first", 0), ("middle", 2), ("last", 4)])
def test_a_block_that_is_left_out_is_told_and_sent_afterwards(place: str, number: int) -> None:
    context = opened("hls")
    seen = do(context, "transfer_image", lose=[place])
    assert (seen["sent"], seen["arrived"], seen["first_missing"], seen["lost"]) == (
        4, 4, number, [number])
    assert do(context, "verify_image")["status"] != "verification-successful"
    seen = do(context, "transfer_image", go_on=True, only=[place])
    assert (seen["initiated"], seen["sent"], seen["arrived"]) == ("none", 1, 5)
    assert do(context, "verify_image")["status"] == "verification-successful"


@pytest.mark.parametrize(("size", "blocks", "lost"), [
    (1_024, 1, [0]), (300, 2, [0, 1]), (200, 3, [0, 1, 2]), (16, 36, [0, 18, 35])])
def test_places_are_right_for_blocks_of_any_size(size: int, blocks: int, lost: list[int]) -> None:
    context = opened("hls", settings=Settings(past_rows=4, image_block_size=size))
    seen = do(context, "transfer_image", lose=["first", "middle", "last"])
    assert (seen["blocks"], seen["lost"], seen["first_missing"]) == (blocks, lost, 0)
    for place in ("first", "middle", "last"):
        seen = do(context, "transfer_image", go_on=True, only=[place])
    assert seen["arrived"] == seen["first_missing"] == blocks
    assert do(context, "verify_image")["result"] == "success"


@pytest.mark.parametrize(("fault", "changes", "told", "right"), [
    ("first-missing-block-wrong", {"lose": ["middle"]}, "first_missing", 2),
    ("transferred-blocks-status-wrong", {"lose": ["middle"]}, "arrived", 4),
    ("image-repeated-block-refused", {"repeat": ["middle"]}, "results", ["success"]),
    ("image-repeated-block-refused", {"reverse": True}, "results", ["success"]),
])
def test_a_transfer_that_goes_wrong_is_seen(
        fault: str, changes: dict[str, Any], told: str, right: Any) -> None:
    assert do(opened("hls"), "transfer_image", **changes)[told] == right
    assert do(opened("hls", "wrapper", fault), "transfer_image", **changes)[told] != right


@pytest.mark.parametrize(("fault", "changes"), [
    ("image-block-missing-accepted", {"lose": ["middle"]}),
    ("image-block-altered-accepted", {"alter": "middle"}),
    ("image-verify-always-true", {"alter": "last"}),
])
def test_an_image_that_should_not_verify_is_seen_to(fault: str, changes: dict[str, Any]) -> None:
    for faults, status in (((), False), ((fault,), True)):
        context = opened("hls", "wrapper", *faults)
        do(context, "transfer_image", **changes)
        found = do(context, "verify_image")["status"] == "verification-successful"
        assert found is status


@pytest.mark.parametrize("fault", [
    "image-to-activate-size-wrong", "image-to-activate-identifier-wrong"])
def test_an_image_to_be_activated_that_is_not_ours_is_seen(fault: str) -> None:
    seen = do(whole(opened("hls", "wrapper", fault)), "verify_image")
    assert len(seen["to_activate"]) == 1
    assert seen["to_activate"] != [ITSELF]


# activation


@pytest.mark.parametrize("changes", [{"lose": ["middle"]}, {"alter": "middle"}])
def test_an_image_that_is_not_whole_and_right_is_not_activated(changes: dict[str, Any]) -> None:
    for faults, active in (((), False), (("image-activated-unverified",), True)):
        context = opened("hls", "wrapper", *faults)
        do(context, "transfer_image", **changes)
        seen = do(context, "activate_image")
        assert (seen["result"] == "success") is active
        assert (seen["status"] == "activation-successful") is active


def test_a_whole_image_may_be_activated_before_it_was_verified() -> None:
    for context in (opened("hls"), slow()):
        assert do(whole(context), "activate_image")["status"] == "activation-successful"


def test_a_meter_that_takes_its_time_is_waited_for() -> None:
    context = whole(slow())
    seen = do(context, "verify_image")
    assert (seen["result"], seen["status"]) == ("temporary-failure", "verification-successful")
    seen = do(context, "activate_image")
    assert (seen["result"], seen["status"]) == ("temporary-failure", "activation-successful")
    assert do(context, "get", object=FIRMWARE)["value"] == b"1.0.1".hex().upper()


def test_a_slow_meter_s_refusal_is_waited_for() -> None:
    context = slow()
    do(context, "transfer_image", alter="first")
    seen = do(context, "verify_image")
    assert (seen["result"], seen["status"]) == ("temporary-failure", "verification-failed")
    seen = do(context, "activate_image")
    assert (seen["result"], seen["status"]) == ("temporary-failure", "verification-failed")


@pytest.mark.parametrize("answers", [False, True])
def test_a_meter_that_starts_anew_is_associated_with_again(answers: bool) -> None:
    context = whole(slow())
    context.ixit["dlms"]["images"]["activation_s"] = 1
    do(context, "verify_image")
    meter = context.ports["dlms"].meter
    take, taken = meter.take, []

    def dropping(client: int, server: int, apdu: bytes) -> tuple[bytes, ...]:
        """Forget the association once, when the activation has been answered."""
        taken.append(apdu)
        if len(taken) == 2:
            meter.disconnect(client, server)
            if not answers:
                return ()
        return take(client, server, apdu)  # type: ignore[no-any-return]

    meter.take = dropping
    seen = do(context, "activate_image")
    assert (seen["result"], seen["status"]) == ("temporary-failure", "activation-successful")


def test_an_activation_that_never_ends_is_waited_for_no_longer_than_declared() -> None:
    context = whole(opened("hls", "wrapper", "image-activation-unending"))
    do(context, "verify_image")
    seen = do(context, "activate_image")
    assert (seen["result"], seen["status"]) == ("temporary-failure", "activation-initiated")
    assert seen["seconds"] < 1


# files


WORDS = ("transfer_image", "verify_image", "activate_image", "read_firmware", "restore_firmware")


@pytest.mark.parametrize("word", WORDS)
def test_without_a_declared_image_nothing_is_tried(word: str) -> None:
    context = opened("hls")
    context.ixit["dlms"]["images"] = {}
    with pytest.raises(Inconclusive, match="the profile declares no image"):
        do(context, word, **({"image": "test"} if word == "read_firmware" else
                             {"as_": "hls"} if word == "restore_firmware" else {}))


@pytest.mark.parametrize("which", ["test", "first"])
def test_nothing_is_activated_while_a_file_is_missing(which: str, tmp_path: Path) -> None:
    context = whole(opened("hls"))
    do(context, "verify_image")
    images = PROFILE.parent / "emulated-dlms-meter"
    context.folder = Path(shutil.copytree(images, tmp_path / images.name)).parent
    (tmp_path / context.ixit["dlms"]["images"][which]["file"]).unlink()
    with pytest.raises(ProfileError, match="expected the declared image, found No such file"):
        do(context, "activate_image")
    assert do(context, "get", object=STATUS)["value"] == 3
    assert do(context, "get", object=FIRMWARE)["value"] == OLD


def test_a_first_image_that_is_missing_is_not_announced(tmp_path: Path) -> None:
    context = activated()
    context.folder = tmp_path
    with pytest.raises(ProfileError, match="expected the declared image, found No such file"):
        restored(context)
    assert do(context, "get", object=STATUS)["value"] == 6


def test_a_file_that_is_not_the_declared_one_is_not_sent(tmp_path: Path) -> None:
    context = opened("hls")
    name = context.ixit["dlms"]["images"]["test"]["file"]
    context.folder = tmp_path
    with pytest.raises(ProfileError, match="expected the declared image, found No such file"):
        do(context, "transfer_image")
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes((PROFILE.parent / name).read_bytes()[::-1])
    with pytest.raises(ProfileError, match=r"that was declared, with the SHA-256 .* found another"):
        do(context, "transfer_image")
    assert do(context, "get", object=STATUS)["value"] == 0
