"""The security monitor: it counts the uses of keys and secrets, and slows them down. SRM, "Security Monitor"."""

from __future__ import annotations

from collections.abc import Callable

from optiga.emulator.objects import ObjectTable, StoredObject
from optiga.protocol import objects as oids

MAX_COUNT = 255
"""Highest value of the security event counter; it counts no further."""
FIRST_DELAYED = 128
"""The lowest value at which uses are delayed."""

_DEFAULTS = bytes.fromhex("32000501")
_MAX_PERIOD = 50
_PERIOD_UNIT_S = 0.1


class SecurityMonitor:
    """The security event counter (SEC), object 0xE0C5: its copy in RAM, its credit, and the time that lowers it.

    Nothing runs in between: what time has done is worked out when somebody asks.

    :param table: holds the counter's non-volatile value and the configuration, object 0xE0C9; changes are staged there.
    :param clock: seconds, from any beginning; the first period begins now.
    """

    def __init__(self, table: ObjectTable, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock
        self._since = clock()
        self._value = self._stored_value()
        self._credit = 0
        self._delay_s = 0.0
        self._adopt()

    @property
    def value(self) -> int:
        """SEC as it is now."""
        self.work_off()
        return self._value

    def notify(self) -> None:
        """Count a security event, and the delay that it costs."""
        now = self.work_off()
        if not self._period_s:
            return
        self._since = now
        if self._credit:
            self._credit -= 1
        elif self._value < MAX_COUNT:
            self._value += 1
            if self._value > self._stored_value():
                self.synchronize()
        if self._value >= FIRST_DELAYED:
            # The manual has the two ends, 0 below 128 and the whole period at 255; between them it has only a drawing.
            self._delay_s += self._period_s * (self._value - FIRST_DELAYED + 1) / (MAX_COUNT - FIRST_DELAYED + 1)

    def work_off(self) -> float:
        """Let the time that has passed lower the counter and raise the credit; adopt a configuration that is new.

        :returns: the time.
        """
        now = self._clock()
        if self._period_s and now - self._since >= self._period_s:
            passed = int((now - self._since) / self._period_s)
            self._since += passed * self._period_s
            lowered = min(passed, self._value)
            self._value -= lowered
            self._credit = min(self._credit + passed - lowered, self._max_credit)
            if lowered and self._stored_value() - self._value >= self._delayed_writes:
                self.synchronize()
        if self._table.get(oids.SECURITY_MONITOR) is not self._adopted:
            self._adopt()
        return now

    def jump(self, value: int) -> bool:
        """Have another value from now on, without credit, staged for the non-volatile memory; False if it is off.

        :param value: 0 to :data:`MAX_COUNT`.
        """
        self._since = self.work_off()
        if not self._period_s:
            return False
        self._value, self._credit = value, 0
        self.synchronize()
        return True

    def synchronize(self) -> None:
        """Stage the counter's value for the non-volatile memory."""
        stored = self._table.get(oids.SECURITY_EVENT_COUNTER)
        if stored is not None and stored.data[0] != self._value:
            self._table.put(oids.SECURITY_EVENT_COUNTER, StoredObject(bytes([self._value]), stored.metadata))

    def take_delay_s(self) -> float:
        """How long the uses since this was last asked are to be delayed, in seconds."""
        delay_s, self._delay_s = self._delay_s, 0.0
        return delay_s

    def _adopt(self) -> None:
        """Take the configuration from its object. SRM, table "Security Monitor Configurations"."""
        self._adopted = self._table.get(oids.SECURITY_MONITOR)
        data = b"" if self._adopted is None else self._adopted.data[: len(_DEFAULTS)]
        period, _, self._max_credit, delayed_writes = data + _DEFAULTS[len(data) :]
        self._period_s = min(period, _MAX_PERIOD) * _PERIOD_UNIT_S
        self._delayed_writes = max(delayed_writes, 1)
        self._credit = min(self._credit, self._max_credit)
        if not self._period_s:
            self._since = self._clock()
            self._value = self._credit = 0
            self.synchronize()

    def _stored_value(self) -> int:
        stored = self._table.get(oids.SECURITY_EVENT_COUNTER)
        return 0 if stored is None else stored.data[0]
