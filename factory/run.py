"""One run as its steps see it: the plan, the record, the way to Azure, and the keys of this run alone."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.clock import Clock, SystemClock
from factory.plan import Plan, new_run_id
from factory.record import RunRecord, open_record
from factory.remote.keys import KeyPair, make_key_pair

Skip = Literal["deprovision", "gate"]
"""Steps that a rehearsal may leave out, to see that the next net holds."""


BUILD_KEY, TEST_KEY = "build", "test"
"""What the run's keys are for: the machine that is generalized, and the one that is made from the image."""


@dataclass(frozen=True)
class Run:
    """A run; cheap to make anew in every task, because all that lasts is in the record and in the cloud."""

    plan: Plan
    record: RunRecord
    connection: Connection
    clock: Clock = field(default_factory=SystemClock)

    @classmethod
    def of(cls, plan: Plan, env: Mapping[str, str] | None = None) -> "Run":
        """The run of this plan, with the record and the connection that the environment names."""
        env = os.environ if env is None else env
        return cls(plan, open_record(env, plan.run_id), Connection.from_environment(env))

    def azure(self) -> Azure:
        """The way to Azure; use as an asynchronous context."""
        return Azure(self.connection, run_id=self.plan.run_id, clock=self.clock)

    def key(self, purpose: str) -> KeyPair:
        """The run's key for a purpose, made when first asked for.

        It has to outlive a task and a process, so it lies in the record's directory, readable by its owner
        alone, until `destroy_keys`.
        """
        path = self.keys / f"{purpose}.json"
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            return KeyPair(kept["public"], SecretStr(kept["private"]))
        key = make_key_pair(f"{self.plan.run_id}-{purpose}")
        self._keep(path, {"public": key.public, "private": key.private.get_secret_value()})
        return key

    def has_key(self, purpose: str) -> bool:
        """Whether the key for a purpose is on this computer."""
        return (self.keys / f"{purpose}.json").exists()

    def password(self, purpose: str) -> SecretStr:
        """The run's password for a purpose, made when first asked for, and kept as keys are."""
        path = self._password_file(purpose)
        if path.exists():
            return SecretStr(json.loads(path.read_text(encoding="utf-8"))["password"])
        # Azure wants three kinds of characters out of four: the prefix has them, the rest is the secret.
        made = f"Gf1-{secrets.token_urlsafe(24)}"
        self._keep(path, {"password": made})
        return SecretStr(made)

    def keep_password(self, purpose: str, password: SecretStr) -> None:
        """Keep the password that a machine made for a purpose, as keys are kept."""
        self._keep(self._password_file(purpose), {"password": password.get_secret_value()})

    def has_password(self, purpose: str) -> bool:
        """Whether the password for a purpose is on this computer."""
        return self._password_file(purpose).exists()

    def _password_file(self, purpose: str) -> Path:
        return self.keys / f"{purpose}-password.json"

    def _keep(self, path: Path, secret: dict[str, str]) -> None:
        self.keys.mkdir(mode=0o700, exist_ok=True)
        half = path.with_suffix(".half")  # a kill in mid-write leaves no key rather than half a key
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(secret, file)
        half.replace(path)

    def destroy_keys(self) -> None:
        """Forget the run's keys."""
        shutil.rmtree(self.keys, ignore_errors=True)

    @property
    def keys(self) -> Path:
        """Where the run's keys lie: on this computer alone, whatever keeps the record."""
        return self.record.directory / "keys"


def fresh_run_id(clock: Clock | None = None) -> str:
    """A run ID that no other run has."""
    return new_run_id((clock or SystemClock()).now(), secrets.token_hex(2))
