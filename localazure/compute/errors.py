"""What Compute says when it refuses, in its own words.

Every text is Azure's where one could be found; the source stands beside it: [doc] Microsoft's error tables
and troubleshooting pages, [seen] quoted from the service in public bug reports, [assumed] ours, in Azure's
manner.
"""

from __future__ import annotations

from typing import Any

from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.operations import CanceledError


def conflict(code: str, message: str, *, target: str | None = None) -> ArmError:
    """Refuse because of the state things are in."""
    return ArmError(409, code, message, target=target)


def operation_not_allowed(message: str, *, target: str | None = None) -> ArmError:
    """Refuse with the code that Compute gives most of its conflicts."""
    return conflict("OperationNotAllowed", message, target=target)


# ---- parameters


def invalid_parameter(message: str, *, target: str | None = None) -> ArmError:
    """Refuse a value in the request body."""
    return ArmError(400, "InvalidParameter", message, target=target)


def missing_parameter(name: str) -> ArmError:
    """[doc] A required property is absent or null."""
    return invalid_parameter(f"Required parameter '{name}' is missing (null).", target=name)


def parameter_not_allowed(name: str) -> ArmError:
    """[doc] A property that must not be there."""
    return invalid_parameter(f"Parameter '{name}' is not allowed.", target=name)


def parameter_value(name: str) -> ArmError:
    """[doc] A property whose value means nothing."""
    return invalid_parameter(f"The value of parameter {name} is invalid.", target=name)


def out_of_range(name: str, value: object, low: object, high: object) -> ArmError:
    """[doc] A number outside its range."""
    return invalid_parameter(
        f"The value {value} of parameter {name} is out of range. "
        f"The value must be between {low} and {high}, inclusive.",
        target=name,
    )


def property_change(name: str) -> ArmError:
    """[seen: azure-docs#12602, terraform#6517] An immutable property of a VM was to change."""
    return conflict("PropertyChangeNotAllowed", f"Changing property '{name}' is not allowed.", target=name)


# ---- states of a VM


def not_allowed_on_vm(operation: str, vm: str, because: str) -> ArmError:
    """[doc] The sentence of Compute's state machine; `because` completes it."""
    return operation_not_allowed(f"Operation '{operation}' is not allowed on VM '{vm}' since {because}")


GENERALIZED = "the VM is generalized."
RUNNING = (
    "the VM is running. Please power off explicitly in case you shut down the VM from inside the guest "
    "operating system."
)
DEALLOCATED = "the VM is either deallocated or marked to be deallocated."
NOT_DEALLOCATED = "the VM is not deallocated."
MARKED_FOR_DELETION = (
    "the VM is marked for deletion. You can only retry the Delete operation "
    "(or wait for an ongoing one to complete)."
)
IN_PROGRESS = "another operation is in progress."


def must_be_running() -> ArmError:
    """[doc]."""
    return operation_not_allowed("The operation requires the VM to be running (or set to run).")


def extensions_need_running_vm() -> ArmError:
    """[doc]."""
    return operation_not_allowed("Cannot modify extensions in the VM when the VM is not running.")


def extension_operations_disallowed() -> ArmError:
    """[seen] osProfile says that nothing may be installed or run."""
    return operation_not_allowed(
        "This operation cannot be performed when extension operations are disallowed. To allow, please "
        "ensure VM "
        "Agent is installed on the VM and the osProfile.allowExtensionOperations property is true."
    )


def zone_unsupported(kind: str, name: str, zones: list[str], location: str) -> ArmError:
    """[seen] A zone that the region does not have."""
    return ArmError(
        400,
        "InvalidAvailabilityZone",
        f"The zone(s) '{','.join(map(str, zones))}' for resource 'Microsoft.Compute/{kind}/{name}' is not "
        f"supported. The supported zones for location '{location}' are '1,2,3'",
    )


def disk_in_other_zone(vm_zone: str, disk_zone: str) -> ArmError:
    """[seen]."""
    return ArmError(
        400,
        "BadRequest",
        "Disk cannot be attached to the VM because it is not in the same zone as the VM. "
        f"VM zone: '{vm_zone}'. Disk zone: '{disk_zone}'.",
    )


def must_be_generalized(operation: str, vm: str) -> ArmError:
    """[doc] Capture to an image, of a machine that nobody has declared generalized."""
    return operation_not_allowed(
        f"The operation '{operation}' requires the Virtual Machine '{vm}' to be Generalized."
    )


def capture_not_generalized() -> ArmError:
    """[doc]."""
    return operation_not_allowed("Capture operation cannot be completed because the VM is not generalized.")


def capture_managed() -> ArmError:
    """[doc]."""
    return operation_not_allowed(
        "The Capture action is only supported on a Virtual Machine with blob based disks. "
        "Please use the 'Image' resource APIs to create an Image from a managed Virtual Machine."
    )


def another_operation_in_progress(subject: str) -> ArmError:
    """[doc, text shortened] A second change to something that is not a VM."""
    return conflict(
        "AnotherOperationInProgress",
        f"Another operation on this or dependent resource is in progress. Resource: {subject}.",
        target=subject,
    )


def preempted() -> CanceledError:
    """[seen: azure-sdk-for-python#5167, azure-sdk-for-java#1783] A deletion overtook a creation: Canceled."""
    return CanceledError(
        409, "OperationPreempted", "Operation execution has been preempted by a more recent operation."
    )


# ---- creating a VM


def vault_forbidden(url: str, vault_id: str) -> ArmError:
    """[seen] Also when the id is another vault's."""
    return ArmError(
        403,
        "KeyVaultAccessForbidden",
        f"Key Vault {url} either has not been enabled for deployment or the vault id provided, {vault_id}, "
        "does not match the Key Vault's true resource id.",
    )


def vault_elsewhere(url: str, theirs: str, ours: str) -> ArmError:
    """[seen]."""
    return ArmError(
        400,
        "KeyVaultAndVMInDifferentRegions",
        f"The Key Vault {url} is located in location {theirs}, which is different from the location of the "
        f"VM, {ours}.",
    )


def vault_secret_missing(url: str) -> ArmError:
    """[assumed text] The address must name a version."""
    return ArmError(
        404, "SecretNotFound", f"The Key Vault secret referenced with the URL {url} does not exist."
    )


def vault_certificate_malformed(url: str) -> ArmError:
    """[seen, shortened]."""
    return ArmError(
        400,
        "CertificateImproperlyFormatted",
        f"The secret retrieved from {url} is not a properly formatted PFX.",
    )


def winrm_certificate_unknown(url: str) -> ArmError:
    """[assumed text] A listener's certificate is one of those that the machine is given."""
    return invalid_parameter(
        f"The WinRM listener's certificate {url} is not among osProfile.secrets.",
        target="winRM.listeners.certificateUrl",
    )


def vm_size(value: object, valid: list[str]) -> ArmError:
    """[seen] A size that the region does not have."""
    return invalid_parameter(
        f"The value {value} provided for the VM size is not valid. "
        f"The valid sizes in the current region are: {','.join(valid)}.",
        target="vmSize",
    )


def sku_not_available(vm_id: str, size: str, location: str) -> ArmError:
    """[doc; the tail assumed] The size is known here and closed to this subscription."""
    return conflict(
        "SkuNotAvailable",
        f"The requested size for resource '{vm_id}' is currently not available in location '{location}' "
        "zones '' "
        "for subscription. Please try another size or deploy to a different location or zones. Size: "
        f"{size}. "
        "See https://aka.ms/azureskunotavailable for details.",
    )


def quota_exceeded(kind: str, location: str, limit: int, usage: int, required: int) -> ArmError:
    """[doc] `kind` is "Total Regional Cores" or a family's name."""
    return operation_not_allowed(
        f"Operation could not be completed as it results in exceeding approved {kind} quota. Additional "
        "details - "
        f"Deployment Model: Resource Manager, Location: {location}, Current Limit: {limit}, Current Usage: "
        f"{usage}, "
        f"Additional Required: {required}, (Minimum) New Limit Required: {usage + required}. Submit a "
        "request for "
        "Quota increase, specifying parameters listed in the 'Details' section for deployment to succeed. "
        "Please read more about quota limits at "
        "https://docs.microsoft.com/en-us/azure/azure-supportability/regional-quota-requests",
    )


def reference_not_found(referenced: str, by: str) -> ArmError:
    """[seen] A resource named in the body is not there."""
    return ArmError(
        400,
        "InvalidResourceReference",
        f"Resource {referenced} referenced by resource {by} was not found. Please make sure that the "
        "referenced "
        "resource exists, and that both resources are in the same region.",
        target=referenced,
    )


def nic_in_use(nic: str, user: str) -> ArmError:
    """[seen: pulumi-azure#441] The text speaks of deletion, also when a second VM wants the interface."""
    return ArmError(
        400,
        "NicInUse",
        f"Network Interface {nic.rsplit('/', 1)[-1]} is used by existing resource {user}. In order to "
        "delete the "
        "network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.",
    )


def disk_owned(disk: str, vm: str) -> ArmError:
    """[seen: aks-engine#1146]."""
    return conflict(
        "ConflictingUserInput",
        f"Disk '{disk}' cannot be attached as the disk is already owned by VM '{vm}'.",
        target=disk,
    )


def disk_exists(rid: ResourceId) -> ArmError:
    """[seen] A new disk may not take the name of one that is there."""
    return conflict(
        "ConflictingUserInput",
        f"Disk {rid.name} already exists in resource group {rid.group}. "
        "Only CreateOption.Attach is supported.",
        target=rid.text,
    )


def lun_taken(lun: int) -> ArmError:
    """[seen: azure-sdk-for-go#678]."""
    return invalid_parameter(f"A disk at LUN {lun} already exists.", target="dataDisk.lun")


def too_many_data_disks(most: int) -> ArmError:
    """[seen]."""
    return operation_not_allowed(
        f"The maximum number of data disks allowed to be attached to a VM of this size is {most}.",
        target="dataDisks",
    )


def platform_image_not_found(publisher: str, offer: str, sku: str, version: str) -> ArmError:
    """[seen: firefox-support-common#31]."""
    return ArmError(
        404,
        "PlatformImageNotFound",
        f"The platform image '{publisher}:{offer}:{sku}:{version}' is not available. Verify that all "
        "fields in the "
        "storage profile are correct. For more details about storage profile information, please refer to "
        "https://aka.ms/storageprofile",
        target="imageReference",
    )


def plan_required(disk_name: str) -> ArmError:
    """[doc]."""
    return ArmError(
        400,
        "VMMarketplaceInvalidInput",
        "Creating a virtual machine from Marketplace image requires Plan information in the request. "
        f"OS disk name is {disk_name}.",
    )


def image_not_found(image: str) -> ArmError:
    """[doc]."""
    return ArmError(404, "ImageNotFound", f"The Image {image} cannot be found.", target="imageReference")


def no_latest_version(definition: str) -> ArmError:
    """[doc; code assumed] Every version is excluded from latest, or there is none."""
    return ArmError(
        404,
        "GalleryImageNotFound",
        f'There is no latest image version exists for "{definition}"',
        target="imageReference",
    )


def not_in_region(image: str, region: str) -> ArmError:
    """[doc]."""
    return ArmError(
        404,
        "GalleryImageNotFound",
        f"The gallery image {image} is not available in {region} region. Please contact image owner to "
        "replicate to "
        "this region, or change your requested region.",
        target="imageReference",
    )


def trusted_launch_only() -> ArmError:
    """[seen: kubermatic#2013]."""
    return ArmError(
        400,
        "BadRequest",
        "The provided gallery image only supports creation of VMs and VM Scale Sets with 'TrustedLaunch' "
        "security type.",
    )


def trusted_launch_unsupported() -> ArmError:
    """[doc]."""
    return ArmError(
        400,
        "BadRequest",
        "Use of TrustedLaunch setting is not supported for the provided image. Please select Trusted "
        "Launch Supported "
        "Gen2 OS Image. For more information, see https://aka.ms/TrustedLaunch-FAQ.",
    )


def generation_unsupported(size: str, generation: str) -> ArmError:
    """[seen] The size cannot boot this generation of image."""
    number = generation.removeprefix("V")
    return ArmError(
        400,
        "BadRequest",
        f"The selected VM size '{size}' cannot boot Hypervisor Generation '{number}'. If this was a Create "
        "operation "
        "please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the "
        "selected "
        "VM Size. If this was an Update operation please select a Hypervisor Generation "
        f"'{number}' VM Size.",
    )


def single_nic_only() -> ArmError:
    """[assumed] A guest here has one interface; more of them are not played, and not pretended."""
    return ArmError(
        501, "NotImplemented", "The local Azure runs virtual machines with one network interface."
    )


def one_primary_nic(vm: str) -> ArmError:
    """[doc] With several interfaces one, and only one, has to be said to be the primary."""
    return ArmError(
        400,
        "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary",
        f"Virtual machine {vm} must have one network interface set as the primary.",
    )


# ---- guests

_NOT_PREPARED = (
    " Also, make sure the image has been properly prepared (generalized).\n"
    " * Instructions for Windows: "
    "https://azure.microsoft.com/documentation/articles/virtual-machines-windows-upload-image/ \n"
    " * Instructions for Linux: "
    "https://azure.microsoft.com/documentation/articles/virtual-machines-linux-capture-image/ "
)
_AGENT_DETECTED = (
    " However, the VM guest agent was detected running. This suggests the guest OS has not been properly "
    "prepared to "
    "be used as a VM image (with CreateOption=FromImage). To resolve this issue, either use the VHD as is "
    "with "
    "CreateOption=Attach or prepare it properly for use as an image."
)


def provisioning_timed_out(vm: str, *, agent_running: bool) -> ArmError:
    """[doc] No Ready came in time; an agent that talks all the same means the disk was never generalized."""
    return conflict(
        "OSProvisioningTimedOut",
        f"OS Provisioning for VM '{vm}' did not finish in the allotted time. The VM may still finish "
        "provisioning "
        "successfully. Please check provisioning state later."
        + (_AGENT_DETECTED if agent_running else _NOT_PREPARED),
    )


def provisioning_client_error(vm: str, detail: str) -> ArmError:
    """[doc] The guest itself reported that it cannot be provisioned."""
    return conflict(
        "OSProvisioningClientError",
        f"OS provisioning for VM '{vm}' failed. Error details: {detail} Make sure the image has been "
        "properly "
        "prepared (generalized).",
    )


def agent_silent(vm: str) -> ArmError:
    """[seen: azure-powershell#5741]."""
    return conflict(
        "VMAgentStatusCommunicationError",
        f"VM '{vm}' has not reported status for VM agent or extensions. Please verify the VM has a running "
        "VM agent, "
        "and can establish outbound connections to Azure storage.",
    )


def start_failed(vm: str, cause: str) -> ArmError:
    """[doc; the detail is ours] The host could not power the machine on."""
    details: list[dict[str, Any]] = [{"code": "GuestHost", "message": cause}]
    return ArmError(
        409,
        "OSProvisioningInternalError",
        f"OS Provisioning failed for VM '{vm}' due to an internal error.",
        details=details,
    )


def extension_failed(name: str, message: str) -> ArmError:
    """[doc]."""
    return conflict(
        "VMExtensionProvisioningError",
        f"VM has reported a failure when processing extension '{name}'. Error message: '{message}'.",
    )


def extension_timed_out(name: str) -> ArmError:
    """[doc]."""
    return conflict(
        "VMExtensionProvisioningTimeout",
        f"Provisioning of VM extension '{name}' has timed out. Extension provisioning has taken too long "
        "to complete. "
        "The extension did not report a message.",
    )


def run_command_busy() -> ArmError:
    """[seen] The action runs one script at a time."""
    return conflict(
        "Conflict",
        "Run command extension execution is in progress. Please wait for completion before invoking a run "
        "command.",
    )


def managed_image_trusted_launch() -> ArmError:
    """[seen: packer#13189]."""
    return operation_not_allowed(
        "Creation of managed images are not supported for virtual machine with TrustedLaunch security type."
    )
