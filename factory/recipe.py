"""The recipe: everything that one golden image is made from, as data.

A recipe is the only parameter of the rebuild flow, so it is flat on purpose: Prefect's run form keeps the
fields of the other branch when a discriminated union changes its tab, and such a run cannot be submitted.
"Exactly one of" is therefore checked here, and again in pre-flight. A recipe holds no secrets: parameters
of a run are visible to everyone who can see the run.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from factory.errors import RecipeError

_ID = r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/"
_MACHINE_ID = re.compile(_ID + r"Microsoft\.Compute/virtualMachines/[^/]+$", re.IGNORECASE)
_SUBNET_ID = re.compile(_ID + r"Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+$", re.IGNORECASE)
_DEFINITION_ID = re.compile(_ID + r"Microsoft\.Compute/galleries/[^/]+/images/[^/]+$", re.IGNORECASE)
_URN = re.compile(r"^[^:/]+:[^:/]+:[^:/]+:[^:/]+$")
_IMAGE_ID = re.compile(
    _ID + r"Microsoft\.Compute/(images/[^/]+|galleries/[^/]+/images/[^/]+(/versions/[^/]+)?)$", re.IGNORECASE
)
_ABSOLUTE = re.compile(r"^(/|[A-Za-z]:\\)")
_VERSION = re.compile(r"^\d{1,9}\.\d{1,9}\.\d{1,9}$")

# The same, roughly, for JSON Schema, which cannot ignore case: by it Prefect refuses a deployment or form,
# where the rules below could only fail the run that was started.
_SHOWN_ID = r"^/subscriptions/[^/]+/resource[Gg]roups/[^/]+/providers/[^/]+/"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}[a-z0-9]$")]
Minutes = Annotated[int, Field(ge=1, le=24 * 60)]


class _Part(BaseModel):
    """A part of a recipe: unknown fields are errors, because a misspelt field would be silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where the image comes from: exactly one of `vm` and `image`."""

    vm: str | None = Field(
        default=None,
        title="VM",
        description="Resource ID of an existing VM; it is cloned, not touched.",
        json_schema_extra={"pattern": _SHOWN_ID + r"virtual[Mm]achines/[^/]+$"},
    )
    image: str | None = Field(
        default=None,
        description="A marketplace URN publisher:offer:sku:version, or the resource ID of a managed image, "
        "a gallery definition (its latest version) or a gallery version.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "Source":
        if (self.vm is None) == (self.image is None):
            raise ValueError("give exactly one of 'vm' and 'image'")
        if self.vm is not None and not _MACHINE_ID.match(self.vm):
            raise ValueError(f"'vm' is not the resource ID of a virtual machine: {self.vm!r}")
        if self.image is not None and not (_URN.match(self.image) or _IMAGE_ID.match(self.image)):
            raise ValueError(
                f"'image' is neither a URN publisher:offer:sku:version nor an image's ID: {self.image!r}"
            )
        return self


class Build(_Part):
    """Where the clone and the test machine run: an existing subnet that the worker reaches."""

    subnet: str = Field(
        description="Resource ID of an existing subnet that the worker can reach.",
        json_schema_extra={"pattern": _SHOWN_ID + r"virtual[Nn]etworks/[^/]+/subnets/[^/]+$"},
    )
    transport: Literal["ssh", "run-command"] = Field(
        default="ssh",
        description="How the worker reaches the machines: SSH (Windows: WinRM), or, where it has no path to "
        "them, Azure's Run Command and the serial log alone, with which no login can be tried.",
    )
    worker_address: str | None = Field(
        default=None,
        description="Address or CIDR of the worker as the subnet sees it; the network admits nothing else. "
        "SSH needs it.",
    )
    size: str | None = Field(default=None, description="VM size; by default the source's own.")
    ssh_port: int = Field(
        default=22, ge=1, le=65535, title="SSH port", description="Where the build machines' sshd listens."
    )
    winrm_port: int = Field(
        default=5986,
        ge=1,
        le=65535,
        title="WinRM port",
        description="Where Windows build machines get a listener of their own, over HTTPS.",
    )
    egress: Literal["none", "azure", "route"] = Field(
        default="azure",
        description="What the build machines may reach: nothing; Azure's own services on 443, which Run "
        "Command needs; or whatever the subnet's own route or NAT allows.",
    )

    @model_validator(mode="after")
    def _ids(self) -> "Build":
        if not _SUBNET_ID.match(self.subnet):
            raise ValueError(f"'subnet' is not the resource ID of a subnet: {self.subnet!r}")
        if self.transport == "ssh" and self.worker_address is None:
            raise ValueError("'worker_address' is missing, without which nobody could log in by SSH")
        if self.transport == "run-command" and self.egress == "none":
            raise ValueError("Run Command needs a way out to Azure: set 'egress' to azure or route")
        return self


class Customization(_Part):
    """One change to the machine before it is generalized: exactly one of the five kinds."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    script: str | None = Field(
        default=None, description="Shell script, run as root by /bin/sh; PowerShell on Windows."
    )
    copy_from: str | None = Field(
        default=None,
        description="A file, copied to `copy_to`: a path from the recipe file, or on the worker if deployed.",
    )
    copy_to: str | None = Field(default=None, description="Absolute path in the machine.")
    mode: str = Field(
        default="0644", pattern=r"^0?[0-7]{3,4}$", description="Permissions of the copied file, in octal."
    )
    upgrade_packages: bool = Field(
        default=False,
        description="Upgrade all packages of the distribution; on Windows, install all "
        "that Windows Update offers.",
    )
    reboot: bool = Field(default=False, description="Restart, and wait until the machine is back.")
    mend: str | None = Field(
        default=None,
        description="Windows: a mending operation by its name, as `golden catalogue windows` lists them.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "Customization":
        given = [self.script is not None, self.copy_from is not None, self.mend is not None]
        if sum([*given, self.upgrade_packages, self.reboot]) != 1:
            raise ValueError(
                "give exactly one of 'script', 'copy_from', 'upgrade_packages', 'reboot' and 'mend'"
            )
        if (self.copy_from is None) != (self.copy_to is None):
            raise ValueError("'copy_from' and 'copy_to' go together")
        if self.copy_to is not None and not _ABSOLUTE.match(self.copy_to):
            raise ValueError(f"'copy_to' is not an absolute path: {self.copy_to!r}")
        return self


class Target(_Part):
    """What is made: a gallery version, a managed image, or both."""

    definition: str | None = Field(
        default=None,
        description="Resource ID of an existing image definition in a gallery.",
        json_schema_extra={"pattern": _SHOWN_ID + r"galleries/[^/]+/images/[^/]+$"},
    )
    version: str | None = Field(default=None, description="Major.Minor.Patch; by default made from the time.")
    regions: list[str] = Field(default_factory=list, description="Replicated to, once verified.")
    replicas: int = Field(default=1, ge=1, le=100, description="Copies in each region.")
    storage: Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"] = "Standard_LRS"
    end_of_life_days: int | None = Field(
        default=None, ge=1, description="Days until Azure shows the version as outdated; by default never."
    )
    managed_image_group: str | None = Field(
        default=None, description="Existing resource group that receives a managed image."
    )

    @model_validator(mode="after")
    def _at_least_one(self) -> "Target":
        if self.definition is None and self.managed_image_group is None:
            raise ValueError("give 'definition', 'managed_image_group' or both")
        if self.definition is not None and not _DEFINITION_ID.match(self.definition):
            raise ValueError(
                f"'definition' is not the resource ID of an image definition: {self.definition!r}"
            )
        if self.version is not None and not _VERSION.match(self.version):
            raise ValueError(f"'version' is not Major.Minor.Patch in whole numbers: {self.version!r}")
        return self


class Test(_Part):
    """A test of the recipe's own: a script that exits 0 on a machine made from the image."""

    __test__ = False  # pytest: not a test class

    name: Annotated[str, Field(min_length=1, max_length=80)]
    script: str = Field(description="Shell script (Windows: PowerShell), run as root; passes with exit 0.")
    pester: bool = Field(
        default=False,
        description="Windows: the script is a file for Pester; each test that fails is told by its name.",
    )


class Verification(_Part):
    """What a machine made from the image must show, beside the built-in checks."""

    files: list[str] = Field(
        default_factory=list,
        description="Absolute paths whose SHA-256 must equal the source's, data disks included.",
    )
    tests: list[Test] = Field(default_factory=list)

    @model_validator(mode="after")
    def _absolute(self) -> "Verification":
        for path in self.files:
            if not _ABSOLUTE.match(path):
                raise ValueError(f"'files' holds a path that is not absolute: {path!r}")
        return self


class Deadlines(_Part):
    """How long each wait may take, in minutes. Every wait has one."""

    backup: Minutes = 60
    provision: Minutes = 30
    connect: Minutes = 10
    run_command: Minutes = 10
    customize: Minutes = 120
    generalize: Minutes = 15
    sysprep: Minutes = 30
    power: Minutes = 20
    capture: Minutes = 60
    replicate: Minutes = 180
    cleanup: Minutes = 30


class BackupOptions(_Part):
    """Where else the backup of the source VM is kept."""

    copy_to_region: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]{3,40}$",
        description="Another Azure region, which gets a copy of every disk's backup and of the manifest.",
    )
    copy_to_container: str | None = Field(
        default=None,
        pattern=r"^https://[^/?#@\s]+(/[^/?#@\s]+){1,2}$",
        description="Blob container that gets every disk's backup as a VHD, and the manifest, for good: "
        "https://ACCOUNT.blob.core.windows.net/CONTAINER, without a signature.",
    )


class Recipe(_Part):
    """One golden image: source, changes, target, proof."""

    name: Name = Field(description="Part of the names and tags of all that is made.")
    description: str = ""
    factory: Name = Field(default="golden", description="Whose: `reap` deletes leftovers of this name only.")
    location: str = Field(
        pattern=r"^[a-z0-9]{3,40}$", description="Azure region of the source, by its short name: westeurope."
    )
    source: Source
    strategy: Literal["clone", "in-place"] = Field(
        default="clone",
        description="'clone' works on a copy from the backup; 'in-place' on the original, which is restored "
        "from the backup when it is captured or anything fails.",
    )
    kind: Literal["vm-image", "os-image"] = Field(
        default="vm-image", description="With all data disks, or the OS disk alone."
    )
    build: Build
    customize: list[Customization] = Field(default_factory=list)
    target: Target
    verify: Verification = Field(default_factory=Verification)
    backup: BackupOptions = Field(default_factory=BackupOptions)
    backup_retention_days: int = Field(
        default=14, ge=1, le=3650, description="The backup may be reaped after this."
    )
    expires_hours: int = Field(
        default=24, ge=1, le=24 * 14, description="Scaffolding older than this may be reaped."
    )
    deadlines: Deadlines = Field(default_factory=Deadlines)

    def deadline(self, wait: str) -> timedelta:
        """The bound of one kind of wait, by its name in `Deadlines`."""
        return timedelta(minutes=getattr(self.deadlines, wait))


def load_recipe(path: Path, env: Mapping[str, str]) -> Recipe:
    """The recipe in a YAML file; `${NAME}` in it is taken from the environment.

    Raises RecipeError that names the file, the field and what is wrong with it. Files that the recipe copies
    are looked up beside it and must exist.
    """
    try:
        document = yaml.safe_load(_substitute(path, path.read_text(encoding="utf-8"), env))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}", remedy="Check the path.") from error
    except yaml.YAMLError as error:
        raise RecipeError(
            f"{path}: is not YAML: {error}", remedy="Correct the syntax at that place."
        ) from error
    recipe = parse_recipe(document, origin=str(path))
    return recipe.model_copy(update={"customize": [_beside(path, step) for step in recipe.customize]})


def parse_recipe(document: Any, origin: str = "recipe") -> Recipe:
    """The recipe in an already parsed document; RecipeError lists every fault at once."""
    if not isinstance(document, dict):
        raise RecipeError(f"{origin}: is not a mapping", remedy="Start from deployments/recipes/demo.yaml.")
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(_fault(fault) for fault in error.errors())
        raise RecipeError(
            f"{origin}: {faults}",
            remedy="Correct these fields; `golden recipe-schema` prints the schema for your editor.",
        ) from error


def recipe_schema() -> dict[str, Any]:
    """JSON Schema of a recipe, for editors."""
    return Recipe.model_json_schema()


def _substitute(path: Path, text: str, env: Mapping[str, str]) -> str:
    """Resource IDs hold the subscription, which differs from place to place; scripts keep their own `$`."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in env:
            raise RecipeError(
                f"{path}: ${{{name}}} is not in the environment",
                remedy=f"export {name}=…, or write the value",
            )
        return env[name]

    return re.sub(r"\$\{(AZURE_[A-Z0-9_]+|GOLDEN_[A-Z0-9_]+)\}", value, text)


def _fault(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"]) or "recipe"
    return f"{place}: {str(fault['msg']).removeprefix('Value error, ')}"


def _beside(recipe: Path, step: Customization) -> Customization:
    if step.copy_from is None:
        return step
    file = (recipe.parent / step.copy_from).resolve()
    if not file.is_file():
        raise RecipeError(
            f"{recipe}: customize step {step.name!r} copies {step.copy_from!r}, which is not a file",
            remedy=f"Put the file at {file}, or correct 'copy_from'.",
        )
    return step.model_copy(update={"copy_from": str(file)})
