"""The firmware gate: may this exact firmware be released for download, by the register?

Pure, over what the register says of a subject on one day. An old certificate never carries over
by itself (SEED/S-23): another version, hash, hardware or variant is another subject and has no
certificate. Leaves out whether the register itself is sound; whoever reads it verifies it first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from bench.records.decision import Status
from bench.records.register import Certificate, CertificateStatus, Mark
from bench.records.subject import Subject
from bench.scheme.subject import subject_key

CERTIFY = ("certify this exact firmware (smip-bench certify) and have the certification body "
           "grant the certificate")
REMEDY: Mapping[CertificateStatus, str] = {
    CertificateStatus.SUSPENDED: "remove the cause and have the certification body reinstate it",
    CertificateStatus.WITHDRAWN: f"it has no way back: {CERTIFY}, or change the firmware",
    CertificateStatus.EXPIRED: f"{CERTIFY} anew",
    CertificateStatus.SUPERSEDED: "release the firmware of the certificate that took its place, "
                                  "or have this one certified anew",
}
MOST_NEAR = 5


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """The answer: why, and when it does not pass what would make it pass, "" when it does.

    ``certificate`` and ``status`` are "" when there is none; ``near`` tells of certificates of the
    same model that are not for this subject; ``notes`` must not be overlooked when it passes.
    """

    passes: bool
    reason: str
    remedy: str
    subject: Subject
    subject_key: str
    at: str
    certificate: str = ""
    status: str = ""
    decision: str = ""
    near: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def admit_firmware(
    subject: Subject, certificates: Sequence[Certificate], *, at: str, accept_partial: bool = False
) -> GateAnswer:
    """Say whether ``subject`` may be released on the day ``at``.

    ``certificates`` are those of the register as they stand on that day, the newest last; of them
    those of exactly this subject count, and of those the one in force. Any other certificate of
    the model is named where there is none.
    """
    own = [one for one in certificates if one.grant.subject == subject]
    key = subject_key(subject)
    if not own:
        return GateAnswer(
            False, f"no certificate for firmware {subject.firmware_version} with image hash "
            f"{subject.image_hash} of {subject.manufacturer} {subject.model}", CERTIFY, subject,
            key, at, near=tuple(_near(subject, certificates)))
    found = next((one for one in reversed(own) if one.in_force), own[-1])
    passes, reason, remedy = _weighed(found, accept_partial)
    return GateAnswer(passes, reason, remedy, subject, key, at, found.id, found.status.value,
                      found.grant.decision.value, notes=tuple(_notes(found)))


def _weighed(found: Certificate, accept_partial: bool) -> tuple[bool, str, str]:
    name = f"certificate {found.id}"
    if not found.in_force:
        remedy = REMEDY[found.status]
        if found.overdue and found.entered is CertificateStatus.GRANTED:
            remedy = f"have the {found.due_for} entered in the register"
        taken = f", by {found.successor}" if found.successor else ""
        return (False, f"{name} is {found.status} since {found.since}{taken}: {found.reason}",
                remedy)
    if found.grant.decision is Status.COMPLIANT:
        return True, f"{name}, granted on {found.granted}: {found.grant.scope}", ""
    if accept_partial and found.grant.decision is Status.PARTIAL:
        return True, f"{name} is partial, which was accepted: {found.grant.scope}", ""
    return (False, f"{name} is {found.grant.decision}: {found.grant.scope}",
            "a full certificate, or --accept-partial where that is enough")


def _notes(found: Certificate) -> Iterator[str]:
    for condition in found.grant.conditions:
        yield f"condition: {condition}"
    for issue in found.issues:
        yield f"tolerated issue {issue.issue}: {issue.text} (review by {issue.review})"
    for dispute in found.disputes:
        if dispute.resolution is None:
            yield f"dispute {dispute.number} is open over case {dispute.dispute.case}"
    for entry in found.history:
        if isinstance(entry.content, Mark):
            yield f"marked on {entry.at}: {entry.content.reason}"
    if found.due and not found.overdue:
        yield f"the {found.due_for} is due on {found.due}"
    if found.grant.upgradable_from:
        yield f"upgradable from: {', '.join(found.grant.upgradable_from)}"


def _near(subject: Subject, certificates: Sequence[Certificate]) -> Iterator[str]:
    """Yield the newest certificates of the model with what makes each another subject's."""
    model = [one for one in certificates
             if (one.grant.subject.manufacturer_id, one.grant.subject.model)
             == (subject.manufacturer_id, subject.model)]
    for one in model[:-MOST_NEAR - 1:-1]:
        differing = ", ".join(
            f"{field.name} {getattr(one.grant.subject, field.name)}" for field in fields(Subject)
            if getattr(one.grant.subject, field.name) != getattr(subject, field.name))
        yield f"{one.id} ({one.status}) is for {differing}"
