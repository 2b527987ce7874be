"""docs/gbcs.md is true: its commands print what it shows, its Python runs, its table is right."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from documented import blocks, commands, run

from bench.cli import cli
from bench.protocols.gbcs import payloads, use_cases
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import parse
from bench.resources import ROOT

GUIDE = ROOT / "docs" / "gbcs.md"
PLANS = ROOT / "docs" / "writing-a-plan.md"

pytestmark = pytest.mark.skipif(not GUIDE.is_file(), reason="the documents are not installed")


def test_every_command_prints_what_the_guide_shows_and_the_python_runs_after_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for command, shown in commands(GUIDE):
        run(command, shown)
    assert len(commands(GUIDE)) == 10
    for name in ("clock", "credit", "details"):
        ran = CliRunner().invoke(cli, ["gbcs", "inspect", f"{name}.hex", "--keys", "keys"])
        assert ran.exit_code == 0, ran.output
    (python,) = blocks(GUIDE, "python")
    exec(compile(python, str(GUIDE), "exec"), {})


def test_the_guide_counts_what_there_is() -> None:
    tabled = [known for known in use_cases.every_use_case() if known.status == "use-case table"]
    rows = sum(len(known.rows) for known in tabled)
    text = " ".join(GUIDE.read_text("utf-8").split())
    assert f"{len(tabled)} use cases with {rows:,} mapping rows" in text


@pytest.mark.parametrize(("use_case", "name", "value"), [
    ("ECS38", "limit", 300),
    ("GCS05", "SetLowCreditWarningLevel.low_credit_warning_level", 500),
    ("CS02a", "authorisingRemotePartyTACellIdentifier.trustAnchorCellUsage", "management"),
])
def test_the_names_in_the_table_of_kinds_are_taken(
    use_case: str, name: str, value: object
) -> None:
    assert f"`{name}={value}`" in GUIDE.read_text("utf-8")
    assert payloads.build(use_case, {name: value})


@pytest.mark.parametrize(("pattern", "name"), [
    ("4.1.1_ECS17b/*_SINGLE_SUCCESS_RESPONSE_*", "1/0-0:94.44.34.10/a2"),
    ("4.1.1_GCS13a/*_GSME_RESPONSE_*", "Metering/current_summation_delivered"),
    ("*GCS21f/*_SUCCESS_RESPONSE_*", "Price/PublishPrice/price"),
    ("*GCS16b/*_SUCCESS_RESPONSE_*", "Prepayment/PublishPrepaySnapshot[1]/snapshot_cause"),
    ("NA_CS02aSignature/*_SUCCESS_RESPONSE_*", "0.remotePartyRole"),
])
def test_a_value_of_a_response_has_the_name_that_the_guide_to_plans_gives(
    pattern: str, name: str, shared: Path
) -> None:
    rtds = shared / "vectors" / "rtds"
    keys = KeyStore.load(rtds / "keystore", strict=False)
    found = [payloads.read(parse(bytes.fromhex(file.read_text())), keys).plain_values()
             for file in (rtds / "messages").glob(pattern)]
    assert found
    assert any(name in values for values in found), [list(values) for values in found]
    assert f"['{name}']" in PLANS.read_text("utf-8") or f"`{name}`" in PLANS.read_text("utf-8")
