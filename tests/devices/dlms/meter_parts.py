"""The objects of one emulated DLMS meter, and its life, without associations and a line."""

from __future__ import annotations

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms.interface import Interface
from devices.emulators.dlms.keys import MeterKeys, derived
from devices.emulators.dlms.life import Life
from devices.emulators.dlms.metering import Metering, Past, Timekeeper
from devices.emulators.dlms.model import INITIAL, Parts, build
from devices.emulators.dlms.profile import Settings

ZERO = Data(Tag.INTEGER, 0)
DAY = 86_400


class Meter:
    """Objects by ``class/obis``; what is pushed is in ``pushed``."""

    def __init__(self, *faults: str, **settings: object) -> None:
        self.settings = Settings(**settings)  # type: ignore[arg-type]
        self.keys: MeterKeys = derived(0)
        self.time = Timekeeper(self.settings.start)
        self.metering = Metering(INITIAL)
        self.pushed: list[Data] = []
        past = Past(self.settings.start, self.settings.profile_rows, 0, self.metering)
        self.parts = Parts(self.settings, lambda: self.keys, self.time, self.metering, past,
                           frozenset(faults), self.pushed.append)
        build(self.parts)
        self.life = Life(self.parts)
        self.calls = self.life.calls()

    def at(self, text: str) -> Interface:
        class_id, code = text.split("/")
        return self.parts.objects.find(int(class_id), obis.parse(code))

    def value(self, text: str) -> object:
        """Return the value of ``class/obis/aN``."""
        place, _, index = text.rpartition("/a")
        return self.at(place).get(int(index)).value

    def act(self, text: str, parameter: Data = ZERO) -> Data | None:
        """Invoke ``class/obis/mN``."""
        place, _, index = text.rpartition("/m")
        return self.at(place).invoke(int(index), parameter)

    def put(self, text: str, value: Data) -> None:
        """Write ``class/obis/aN``."""
        place, _, index = text.rpartition("/a")
        self.at(place).set(int(index), value)

    def advance(self, seconds: float) -> None:
        self.calls["time", "advance"](seconds)

    def load(self, watts: float) -> None:
        self.calls["load", "set"](active_import_w=watts)
