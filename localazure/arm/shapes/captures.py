"""Images, restore points and run commands: the members of their bodies."""

from __future__ import annotations

RESOURCES = {
    "Microsoft.Compute/virtualMachines/runCommands": "properties:VirtualMachineRunCommandProperties",
    "Microsoft.Compute/images": "extendedLocation:ExtendedLocation properties:ImageProperties",
    "Microsoft.Compute/restorePointCollections": "properties:RestorePointCollectionProperties",
    "Microsoft.Compute/restorePointCollections/restorePoints": "properties:RestorePointProperties",
}

SHAPES = {
    "VirtualMachineRunCommandProperties": (
        "asyncExecution:bool errorBlobManagedIdentity:RunCommandManagedIdentity errorBlobUri:str "
        "outputBlobManagedIdentity:RunCommandManagedIdentity outputBlobUri:str "
        "parameters:[]RunCommandInputParameter protectedParameters:[]RunCommandInputParameter "
        "runAsPassword:str runAsUser:str source:VirtualMachineRunCommandScriptSource timeoutInSeconds:int "
        "treatFailureAsDeploymentFailure:bool provisioningState:- instanceView:-"
    ),
    "RunCommandManagedIdentity": "clientId:str objectId:str",
    "RunCommandInputParameter": "name:str value:str",
    "VirtualMachineRunCommandScriptSource": (
        "commandId:str galleryScriptReferenceId:str script:str scriptShell:@scriptShell scriptUri:str "
        "scriptUriManagedIdentity:RunCommandManagedIdentity"
    ),
    "ImageProperties": (
        "hyperVGeneration:@hyperVGeneration sourceVirtualMachine:SubResource "
        "storageProfile:ImageStorageProfile provisioningState:-"
    ),
    "ImageStorageProfile": "dataDisks:[]ImageDataDisk osDisk:ImageOSDisk zoneResilient:bool",
    "ImageDataDisk": (
        "blobUri:str caching:@caching diskEncryptionSet:DiskEncryptionSetParameters diskSizeGB:int lun!:int "
        "managedDisk:SubResource snapshot:SubResource storageAccountType:@storageAccountType"
    ),
    "ImageOSDisk": (
        "blobUri:str caching:@caching diskEncryptionSet:DiskEncryptionSetParameters diskSizeGB:int "
        "managedDisk:SubResource osState!:@osState osType!:@osType snapshot:SubResource "
        "storageAccountType:@storageAccountType"
    ),
    "RestorePointCollectionProperties": (
        "instantAccess:bool source:RestorePointCollectionSourceProperties provisioningState:- "
        "restorePointCollectionId:- restorePoints:-"
    ),
    "RestorePointCollectionSourceProperties": "id:str location:-",
    "RestorePointProperties": (
        "consistencyMode:@consistencyMode excludeDisks:[]ApiEntityReference "
        "instantAccessDurationMinutes:int sourceMetadata:RestorePointSourceMetadata "
        "sourceRestorePoint:ApiEntityReference timeCreated:str provisioningState:- instanceView:-"
    ),
    "RestorePointSourceMetadata": (
        "storageProfile:RestorePointSourceVMStorageProfile hardwareProfile:- osProfile:- "
        "diagnosticsProfile:- licenseType:- vmId:- securityProfile:- location:- userData:- "
        "hyperVGeneration:-"
    ),
    "RestorePointSourceVMStorageProfile": (
        "dataDisks:[]RestorePointSourceVMDataDisk osDisk:RestorePointSourceVmosDisk diskControllerType:-"
    ),
    "RestorePointSourceVMDataDisk": (
        "diskRestorePoint:DiskRestorePointAttributes managedDisk:ManagedDiskParameters lun:- name:- "
        "caching:- diskSizeGB:- writeAcceleratorEnabled:-"
    ),
    "DiskRestorePointAttributes": (
        "encryption:RestorePointEncryption sourceDiskRestorePoint:ApiEntityReference id:-"
    ),
    "RestorePointEncryption": (
        "diskEncryptionSet:DiskEncryptionSetParameters type:@restorePointEncryptionType"
    ),
    "RestorePointSourceVmosDisk": (
        "diskRestorePoint:DiskRestorePointAttributes managedDisk:ManagedDiskParameters osType:- name:- "
        "caching:- diskSizeGB:- writeAcceleratorEnabled:- encryptionSettings:-"
    ),
}
