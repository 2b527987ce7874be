"""The steps of port ``dlms`` against the emulated meter, over HDLC and behind wrapper headers."""

from __future__ import annotations

import pytest
from served import do, served


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("association", ["public", "lls", "hls"])
def test_each_association_opens_reads_and_is_released(framing: str, association: str) -> None:
    context = served(framing)
    opened = do(context, "associate", **{"as": association})
    assert opened["outcome"] == "accepted", opened
    read = do(context, "get", object="1/0-0:42.0.0.255/a2")
    assert (read["result"], read["type"], read["misfits"]) == ("success", "octet-string", [])
    assert do(context, "release")["outcome"] == "released"
