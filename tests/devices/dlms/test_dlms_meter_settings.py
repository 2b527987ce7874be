"""What the emulated DLMS meter takes from a profile file, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from dlms_conversation import Client, fresh

from bench.errors import ProfileError
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.meter import FRESH, Meter
from devices.emulators.dlms.profile import Rights, load_settings

FILE = """\
subject: {device_type: DLMS-METER}
emulator:
  flag_id: ABC
  serial: "77"
  profile_rows: 10
  associations:
    - {name: field, client: 5, mechanism: low, rights: reader, conformance: [get], max_pdu: 256,
       users: {7: one}}
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "profile.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_settings_are_read_and_the_rest_is_the_default(tmp_path: Path) -> None:
    settings = load_settings(_file(tmp_path, FILE))
    assert (settings.logical_device_name, settings.profile_rows) == ("ABC77", 10)
    assert settings.start == FRESH.start
    [offer] = settings.associations
    assert (offer.client, offer.rights, offer.users) == (5, Rights.READER, {7: "one"})
    talking = Client(Meter(settings, derived(0)), 5)
    assert talking.associate(calling_ae_invocation_id=7).result == 0
    assert talking.value("1/0-0:42.0.0.255/a2") == b"ABC77"
    assert talking.initiate is not None
    assert talking.initiate.max_pdu == 256


def test_a_profile_without_the_section_is_a_meter_with_defaults(tmp_path: Path) -> None:
    assert load_settings(_file(tmp_path, "ixit: {}\n")) == FRESH
    assert [offer.client for offer in FRESH.associations] == [16, 32, 48, 49, 50, 16, 32]


@pytest.mark.parametrize(("line", "mistake"), [
    ("flag_id: smb", "emulator.flag_id: expected three capital letters, found 'smb'"),
    ("profile_rows: 0", "emulator.profile_rows: expected half-hours, 1 to 65,535"),
    ("suite: 3", "emulator.suite: expected a security suite, 0 to 2"),
    ("challenge_octets: 7", "emulator.challenge_octets: expected octets of a challenge, 8 to 64"),
    ("profile_row: 1", "did you mean profile_rows?"),
    ("associations: []", "a meter has an association at least"),
    ("associations: [{name: a, client: 0}]", "emulator.associations.0.client: expected"),
    ("associations: [{name: a, client: 1, mechanism: gmac}]", "GMAC needs a ciphered context"),
    ("associations: [{name: a, client: 1, policy: 1}]", "a policy needs a ciphered context"),
    ("associations: [{name: a, client: 1, conformance: [gets]}]", "no service gets"),
    ("associations: [{name: a, client: 1}, {name: b, client: 1}]",
     "two associations for one client"),
    ("associations: [{name: a, client: 1, mechanism: ecdsa, ciphered: true}]",
     "ECDSA needs suite 1 or 2"),
])
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, line: str, mistake: str) -> None:
    path = _file(tmp_path, f"subject: {{}}\nemulator:\n  {line}\n")
    with pytest.raises(ProfileError) as told:
        load_settings(path)
    assert str(told.value).startswith(f"{path}:")
    assert mistake in str(told.value)


def test_no_key_shows_in_a_text() -> None:
    keys = derived(0)
    meter = fresh()
    shown = repr(keys) + repr(vars(meter)) + repr(Client(meter, 48).security.keys)
    for key in (keys.master, keys.global_unicast, keys.authentication, keys.low_secret):
        assert key.hex() not in shown
        assert repr(key)[2:-1] not in shown


def test_the_identity_names_meter_and_defects() -> None:
    meter = fresh("push-missing", "block-lost")
    assert meter.calls()["identity", "read"]() == {
        "entity_id": derived(0).title.hex().upper(), "device_type": "DLMS-METER",
        "firmware_version": "1.0.0", "logical_device_name": "SMB0000000000001",
        "defects": ["block-lost", "push-missing"]}
