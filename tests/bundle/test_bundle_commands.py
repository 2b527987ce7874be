"""The commands that make, redact, verify and judge bundles."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundled_runs import Laboratory, replaced, stored_verdict, write_key
from click.testing import CliRunner, Result

from bench.bundle import BundleError
from bench.cli import rejudge as rejudge_module
from bench.cli.bundle import command as bundle
from bench.cli.rejudge import command as rejudge
from bench.cli.signing import PASSWORD
from bench.cli.verify import command as verify
from bench.records.verdict import Verdict


def run(command: Any, *arguments: object, **given: Any) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], **given)


def create(lab: Laboratory, *more: object, key: str = "lab.key", **given: Any) -> Result:
    return run(bundle, "create", lab.run, "--key", lab.folder / key, "--baseline", lab.baseline,
               "-o", lab.folder / "b.zip", *more, **given)


def test_create_says_what_it_signed_and_verify_that_it_is_sound(lab: Laboratory) -> None:
    made = create(lab)
    assert made.exit_code == 0, made.output
    assert f"signed with key {lab.signer.public_key.keyid}" in made.output
    found = run(verify, lab.folder / "b.zip", "--trust", lab.folder / "lab.pem")
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "sound")


def test_verify_takes_a_folder_of_keys(lab: Laboratory) -> None:
    (lab.folder / "trusted").mkdir()
    write_key(lab.folder / "trusted" / "another.key")
    (lab.folder / "lab.pem").rename(lab.folder / "trusted" / "lab.pem")
    found = run(verify, lab.bundle, "--trust", lab.folder / "trusted")
    assert found.exit_code == 0


def test_verify_without_a_trusted_key_is_a_no(lab: Laboratory) -> None:
    found = run(verify, lab.bundle)
    assert found.exit_code == 1
    assert found.output.startswith("unknown key: envelope.dsse.json: signed with key")
    assert found.output.splitlines()[-1] == \
        "what is there is as it was signed, but not by a key that is trusted here"


def test_verify_names_what_does_not_hold_and_says_what_does(lab: Laboratory) -> None:
    path = lab.altered(replaced("rig.json", b"{}\n"))
    found = run(verify, path, "--trust", lab.folder / "lab.pem")
    assert found.exit_code == 1
    assert "altered: rig.json: its octets are not those that were signed" in found.output
    assert "parts: 12 of 13 have the digest" in found.output
    assert "ledger: 9 entries, unbroken" in found.output
    assert "sound" not in found.output


def test_verify_of_a_folder_stays_as_it_was(lab: Laboratory) -> None:
    found = run(verify, lab.run)
    assert (found.exit_code, found.output[:7]) == (0, "intact:")
    assert run(verify, lab.folder / "absent").exit_code == 2
    assert run(verify, lab.run, "--trust", lab.folder / "lab.pem").exit_code == 2


def test_wrong_keys_are_wrong_usage(lab: Laboratory) -> None:
    (lab.folder / "lab.key").chmod(0o644)
    made = create(lab)
    assert made.exit_code == 2
    assert "group or others" in made.output
    found = run(verify, lab.bundle, "--trust", lab.run / "report.json")
    assert (found.exit_code, "no certificate and no public key" in found.output) == (2, True)


def test_the_password_of_a_key_comes_from_the_environment_or_a_prompt(lab: Laboratory) -> None:
    write_key(lab.folder / "hidden.key", password=b"open sesame")
    made = create(lab, key="hidden.key", env={PASSWORD: "open sesame"})
    assert made.exit_code == 0
    (lab.folder / "b.zip").unlink()
    made = create(lab, key="hidden.key", input="open sesame\n", env={PASSWORD: None})
    assert made.exit_code == 0, made.output
    assert "sesame" not in made.output
    (lab.folder / "b.zip").unlink()
    made = create(lab, key="hidden.key", env={PASSWORD: "open barley"})
    assert (made.exit_code, "or another password" in made.output) == (2, True)
    assert "barley" not in made.output
    names = {name for parameter in bundle.commands["create"].params for name in parameter.opts}
    assert not [name for name in names if "pass" in name]


def test_redact_says_what_it_took_out(lab: Laboratory) -> None:
    target = lab.folder / "redacted.zip"
    done = run(bundle, "redact", lab.bundle, "--part", "rig.json", "--part", "tools.json",
               "-o", target)
    assert done.exit_code == 0, done.output
    assert done.output.count("\nredacted: ") == 2
    found = run(verify, target, "--trust", lab.folder / "lab.pem")
    assert (found.exit_code, found.output.splitlines()[-1]) == \
        (0, "sound, but for what is redacted")
    assert found.output.count("\nredacted: ") == 2


def test_rejudge_of_a_bundle_gives_the_same_verdicts(lab: Laboratory) -> None:
    told = run(rejudge, lab.bundle)
    assert told.exit_code == 0
    assert told.stdout == "fail 1, none 1, pass 1\n"
    assert "whose it is was not asked" in told.stderr
    told = run(rejudge, lab.bundle, "--trust", lab.folder / "lab.pem")
    assert (told.exit_code, told.stderr) == (0, "")
    assert run(rejudge, lab.run).stdout == told.stdout


def test_rejudge_lists_what_a_newer_judge_sees_otherwise_case_by_case(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = rejudge_module.judge_run

    def newer(contents: Any) -> Any:
        return tuple(replace(result, verdict=Verdict.INCONCLUSIVE)
                     if result.case == "ESME-2" else result for result in older(contents))

    monkeypatch.setattr(rejudge_module, "judge_run", newer)
    assert stored_verdict(lab.bundle, "ESME-2") == "fail"
    told = run(rejudge, lab.bundle)
    assert told.exit_code == 1
    assert told.stdout.splitlines()[1:] == [
        "ESME-2: verdict: reported fail, judged again inconclusive"]
    listed = json.loads(run(rejudge, lab.bundle, "--json").stdout)["differences"]
    assert listed == [{"case": "ESME-2", "field": "verdict", "reported": "fail",
                       "judged": "inconclusive"}]


@pytest.mark.parametrize("change", [
    replaced("rig.json", b""), replaced("ledger.jsonl", b""),
    lambda parts: [*parts, ("more", b"")],
])
def test_rejudge_refuses_a_bundle_that_does_not_hold(
    lab: Laboratory, change: Callable[[Any], Any],
) -> None:
    told = run(rejudge, lab.altered(change))
    assert isinstance(told.exception, BundleError)
    assert "is not judged: " in str(told.exception)


def test_rejudge_refuses_a_bundle_of_another_laboratory(lab: Laboratory) -> None:
    write_key(lab.folder / "another.key")
    told = run(rejudge, lab.bundle, "--trust", lab.folder / "another.pem")
    assert isinstance(told.exception, BundleError)
    assert "unknown key" in str(told.exception)


def test_a_shipped_baseline_is_found_by_its_name(lab: Laboratory, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        made = run(bundle, "create", lab.run, "--key", lab.folder / "lab.key", "--baseline",
                   "testplans/baselines/smets2-esme.yaml", "-o", lab.folder / "b.zip")
    assert isinstance(made.exception, BundleError)
    assert "baseline/smets2-esme.yaml: it is not the baseline of the run" in str(made.exception)
