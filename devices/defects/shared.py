"""The defects that several kinds of emulated device can have: the code that they share is wrong.

Each name is a fault that the emulators ask for at the one place where it matters
(:mod:`devices.emulators.gbcs.faults`). Requirements are ids of the catalogue.
"""

from __future__ import annotations

from devices.defects.record import defect

ALL = "esme gsme gpf chf"
COUNTING = "esme gsme chf"  # with replay protected commands beside those of credentials
SIGNED = "esme gsme"  # with critical commands beside those of credentials

SHARED = (
    # of every kind
    defect("read-replay-refused", "R-SEC-03",
           "a use case without replay protection is refused when sent again", ALL),
    defect("wrong-role-served", "R-SEC-04", "any known party may run any use case", ALL),
    defect("mac-not-checked", "R-SEC-01 R-SEC-02", "MACs of commands are not checked", ALL),
    defect("recipient-not-checked", "R-SEC-02", "commands to another device are executed", ALL),
    defect("originator-not-checked", "R-SEC-02 R-SEC-04",
           "commands of an unknown originator are executed", ALL),
    defect("authentication-failure-silent", "R-SEC-02", "a wrong MAC or signature raises no 8F3D",
           ALL),
    defect("refusals-answered", "R-SEC-02", "a refused command is answered as if it were done",
           ALL),
    defect("response-unsigned", "R-SEC-01", "responses to critical commands have no signature",
           ALL),
    defect("response-signature-wrong", "R-SEC-01", "signatures of responses are wrong", ALL),
    defect("response-mac-wrong", "R-SEC-01", "MACs of responses are wrong", ALL),
    defect("read-element-missing", "R-SEC-04 R-SUP-01 SMETS2/5.7.5.32",
           "the last element of each read is answered as undefined", ALL),
    defect("cell-of-another-role-replaced", "R-SEC-06",
           "a replacement may fill cells of roles that its mode is not for", ALL),
    defect("credentials-update-without-effect", "R-SEC-06",
           "a good replacement reports success and changes nothing", ALL),
    defect("credential-details-wrong", "R-SEC-06", "the details name other keys than are held",
           ALL),
    defect("old-party-still-accepted", "R-SEC-06 R-SEC-02",
           "replaced parties and keys go on being accepted", ALL),
    defect("new-party-not-accepted", "R-SEC-06",
           "the keys that took a replaced one's place are unknown", ALL),
    defect("request-for-the-old-key", "R-SEC-07", "a certification request is for the key in use",
           ALL),
    defect("invalid-device-certificate-accepted", "R-SEC-07",
           "a device certificate may be altered, of an unknown issuer or not yet valid", ALL),
    defect("device-certificate-of-another-device-accepted", "R-SEC-07",
           "a device certificate may name another device", ALL),
    defect("device-certificate-of-wrong-usage-accepted", "R-SEC-07",
           "a device certificate may be for another usage than its key", ALL),
    defect("device-certificate-without-request-accepted", "R-SEC-07",
           "a device certificate is taken that nobody asked for", ALL),
    defect("device-certificate-of-another-key-accepted", "R-SEC-07",
           "a device certificate may be for another key than was asked for", ALL),
    defect("device-certificate-result-success-always", "R-SEC-07",
           "each device certificate is answered as installed", ALL),
    defect("old-device-key-still-used", "R-SEC-07",
           "the device goes on with the key that was replaced", ALL),
    defect("old-device-certificate-provided", "R-SEC-07",
           "the device shows the certificate that was replaced", ALL),
    defect("truncated-mac-accepted", "R-SEC-01 R-SEC-02",
           "of a MAC that is too short only what is there is compared", ALL),
    defect("other-information-not-authenticated", "R-SEC-01 R-SEC-02",
           "message code and supplementary party may be altered behind signature and MAC", ALL),
    defect("response-accepted-as-command", "R-SEC-01 R-SEC-02",
           "responses and alerts of a party are executed as its commands", ALL),
    defect("silent-after-deep-nesting", "R-SEC-02", "a deeply nested message silences the device",
           ALL),
    defect("silent-after-malformed-message", "R-SEC-02",
           "the message behind a malformed one is not heard", ALL),
    defect("malformed-message-changes-setting", "R-SEC-02",
           "a malformed message changes the randomised offset limit", ALL),
    # counters of parties
    defect("replay-accepted", "R-SEC-03", "a command with the last counter runs again", COUNTING),
    defect("lower-counter-accepted", "R-SEC-03", "a command with a lower counter runs", COUNTING),
    defect("counter-not-raised", "R-SEC-03", "accepted counters are not remembered", COUNTING),
    defect("counter-far-ahead-refused", "R-SEC-03", "a counter far above the last one is refused",
           COUNTING),
    # signatures of commands, and the supplier's cells
    defect("signature-not-checked", "R-SEC-01 R-SEC-02",
           "signatures of commands are not checked", SIGNED),
    defect("supplier-replaced-by-anybody", "R-SEC-06",
           "any known party may run supplierBySupplier", SIGNED),
    defect("change-of-supplier-by-anybody", "R-SEC-06",
           "any known party may run supplierByTransCoS", SIGNED),
    defect("unsigned-critical-command-accepted", "R-SEC-01 R-SEC-02",
           "a critical command with a MAC and no signature is executed", SIGNED),
    defect("missing-mac-accepted", "R-SEC-01 R-SEC-02",
           "a signed command without a MAC is executed", SIGNED),
    defect("signature-over-payload-accepted", "R-SEC-01 R-SEC-02",
           "a signature over the payload alone is accepted", SIGNED),
    defect("signature-of-another-party-accepted", "R-SEC-01 R-SEC-02",
           "any known party's signature is accepted for any other's command", SIGNED),
    # other cells
    defect("network-operator-replaced-by-anybody", "R-SEC-06",
           "any known party may run networkOperatorByNetworkOperator", "esme gpf"),
    defect("wan-provider-replaced-by-anybody", "R-SEC-06",
           "any known party may run wanProviderByWanProvider", "chf"),
)
