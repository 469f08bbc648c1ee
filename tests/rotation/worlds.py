"""A small world of connections that can be interrupted before and after every action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vpner.rotation import Connection, Key

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(Exception):
    """The command was killed."""


def connection(
    device: str,
    *,
    key: Key,
    recorded: Key | None,
    made: datetime | None = BEGINNING,
    generated: bool = True,
    own: bool = False,
) -> Connection:
    """A connection to a device, which is the stack's own or a person's."""
    return Connection(
        name=f"{device}-conn",
        id=f"/connections/{device}",
        urn=f"urn:connection:{device}",
        device=device,
        key=key,
        recorded=recorded,
        key_urn=f"urn:key:{device}" if generated else None,
        made=made if generated else None,
        loader=f"urn:loader:{device}" if own else None,
    )


class SmallWorld:
    """Keeps what each end has, and counts the moments between actions; ``killed_at`` is the one at which it ends.

    ``watch`` is called at every moment.
    """

    def __init__(self, devices: Sequence[str], own: Sequence[str] = ()) -> None:
        old = {device: Key(f"{device}-0") for device in devices}
        self.state = {d: connection(d, key=old[d], recorded=old[d], own=d in own) for d in devices}
        self.azure = dict(old)
        self.devices = dict(old)
        self.statuses: dict[str, str] = {}
        self.killed_at: int | None = None
        self.moments = 0
        self.made = 0
        self.watch: Callable[[SmallWorld], None] = lambda _: None

    def differing(self) -> list[str]:
        """Devices whose ends have different keys."""
        return [device for device, key in self.devices.items() if self.azure[device] != key]

    def in_work(self) -> list[str]:
        """Devices whose key is not the same everywhere."""
        return [
            device
            for device, item in self.state.items()
            if len({item.key, item.recorded, self.azure[device], self.devices[device]}) > 1
        ]

    def read(self) -> list[Connection]:
        return list(self.state.values())

    def in_azure(self, connection: Connection) -> Key:
        return self.azure[connection.device]

    def make(self, connection: Connection) -> None:
        def action() -> None:
            self.made += 1
            key, time = Key(f"{connection.device}-{self.made}"), BEGINNING + timedelta(days=self.made)
            self.state[connection.device] = replace(self.state[connection.device], key=key, made=time)

        self._do(action)

    def load(self, connection: Connection) -> None:
        assert connection.loader is not None
        self.load_by_hand(connection.device)

    def load_by_hand(self, device: str) -> None:
        self._do(lambda: self.devices.update({device: self.state[device].key}))

    def set(self, connection: Connection) -> None:
        self._do(lambda: self.azure.update({connection.device: connection.key}))

    def status(self, connection: Connection) -> str:
        return self.statuses.get(connection.device, "Connected")

    def record(self, connection: Connection) -> None:
        device = connection.device
        assert self.azure[device] == connection.key, "attests what is not true"
        self._do(lambda: self.state.update({device: replace(self.state[device], recorded=connection.key)}))

    def _do(self, action: Callable[[], None]) -> None:
        self._moment()
        action()
        self._moment()

    def _moment(self) -> None:
        self.watch(self)
        if self.moments == self.killed_at:
            raise Killed
        self.moments += 1
