"""A machine that can be got into, as data: what a step hands to the next."""

from pydantic import BaseModel, ConfigDict

from factory.run import BUILD_KEY
from factory.windows.bootstrap import WayIn


class Opened(BaseModel):
    """A machine that can be logged in to. `host_keys` are fingerprints by key type (SSH)."""

    model_config = ConfigDict(frozen=True)

    machine_id: str
    address: str
    port: int = 22
    user: str | None = None
    """The run's own account; None where no login is possible, nor needed."""
    key: str = BUILD_KEY
    host_keys: dict[str, str] = {}
    way_in: WayIn | None = None
    """On Windows: the listener that was made for the run, and its certificate."""
    azure_admin: str | None = None
    """The administrator whom Azure made on the source; Linux' agent should remove this account."""

    @property
    def name(self) -> str:
        """The VM's name."""
        return self.machine_id.rsplit("/", 1)[1]
