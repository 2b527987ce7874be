"""The command ``smip-bench``: thin commands over the functions of the other rooms.

Each module of this package named in ``COMMANDS`` holds one click command called ``command``; it is
imported only when asked for, so ``smip-bench --help`` stays quick.

Exit status of every command: 0 done and good, 1 done and the answer is no (not compliant, invalid,
a mistake found), 2 wrong usage, profile, plan or rig file, 3 the bench or the rig failed.
"""

from __future__ import annotations

import importlib
import sys

import click

from bench.errors import BenchError, LinkError, PlanError, ProfileError, RigError

COMMANDS = {
    "baseline": "bench.cli.baseline",
    "bundle": "bench.cli.bundle",
    "certify": "bench.cli.certify",
    "compare": "bench.cli.compare",
    "decide": "bench.cli.decide",
    "delta": "bench.cli.delta",
    "dispute": "bench.cli.dispute",
    "dlms": "bench.cli.dlms",
    "emulate": "bench.cli.emulate",
    "firmware": "bench.cli.firmware",
    "gate": "bench.cli.gate",
    "gbcs": "bench.cli.gbcs",
    "pki": "bench.cli.pki",
    "plan": "bench.cli.plan",
    "qualify": "bench.cli.qualify",
    "register": "bench.cli.register",
    "rejudge": "bench.cli.rejudge",
    "report": "bench.cli.report",
    "requirements": "bench.cli.requirements",
    "run": "bench.cli.run",
    "summary": "bench.cli.summary",
    "utrn": "bench.cli.utrn",
    "verify": "bench.cli.verify",
}

USAGE, FAILED = 2, 3


class Lazy(click.Group):
    """A group whose commands are imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[name]).command
        return command


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="smip-bench")
def cli() -> None:
    """Certification test bench for Great Britain's smart metering equipment."""


def main() -> None:
    """Run the command line; turn the bench's own errors into one line and an exit status."""
    try:
        status = cli.main(standalone_mode=False)  # click returns the code of a ctx.exit()
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(USAGE)
    except BenchError as failure:
        click.echo(f"smip-bench: {failure}", err=True)
        sys.exit(exit_status(failure))
    sys.exit(status if isinstance(status, int) else 0)


def exit_status(failure: BenchError) -> int:
    """Return 2 for what the user wrote wrong, 3 for what broke."""
    wrote_wrong = isinstance(failure, PlanError | ProfileError | RigError)
    return USAGE if wrote_wrong and not isinstance(failure, LinkError) else FAILED
