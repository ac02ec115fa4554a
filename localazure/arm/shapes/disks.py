"""Disks and snapshots: the members of their bodies."""

from __future__ import annotations

RESOURCES = {
    "Microsoft.Compute/disks": (
        "extendedLocation:ExtendedLocation properties:DiskProperties sku:DiskSku zones:[]str"
    ),
    "Microsoft.Compute/snapshots": (
        "extendedLocation:ExtendedLocation properties:SnapshotProperties sku:SnapshotSku"
    ),
}

SHAPES = {
    "DiskProperties": (
        "availabilityPolicy:AvailabilityPolicy burstingEnabled:bool completionPercent:num "
        "creationData:CreationData dataAccessAuthMode:@dataAccessAuthMode diskAccessId:str "
        "diskIOPSReadOnly:int diskIOPSReadWrite:int diskMBpsReadOnly:int diskMBpsReadWrite:int "
        "diskSizeGB:int encryption:Encryption encryptionSettingsCollection:EncryptionSettingsCollection "
        "hyperVGeneration:@hyperVGeneration maxShares:int networkAccessPolicy:@networkAccessPolicy "
        "optimizedForFrequentAttach:bool osType:@osType publicNetworkAccess:@publicNetworkAccess "
        "purchasePlan:DiskPurchasePlan securityProfile:DiskSecurityProfile "
        "supportedCapabilities:SupportedCapabilities supportsHibernation:bool tier:str timeCreated:- "
        "diskSizeBytes:- uniqueId:- provisioningState:- diskState:- shareInfo:- burstingEnabledTime:- "
        "propertyUpdatesInProgress:- LastOwnershipUpdateTime:-"
    ),
    "AvailabilityPolicy": "actionOnDiskDelay:@actionOnDiskDelay",
    "CreationData": (
        "createOption!:@creationDataCreateOption elasticSanResourceId:str "
        "galleryImageReference:ImageDiskReference imageReference:ImageDiskReference "
        "instantAccessDurationMinutes:int logicalSectorSize:int performancePlus:bool "
        "provisionedBandwidthCopySpeed:@provisionedBandwidthCopySpeed securityDataUri:str "
        "securityMetadataUri:str sourceResourceId:str sourceUri:str storageAccountId:str "
        "uploadSizeBytes:int sourceUniqueId:-"
    ),
    "ImageDiskReference": "communityGalleryImageId:str id:str lun:int sharedGalleryImageId:str",
    "Encryption": "diskEncryptionSetId:str type:@encryptionType",
    "EncryptionSettingsCollection": (
        "enabled!:bool encryptionSettings:[]EncryptionSettingsElement encryptionSettingsVersion:str"
    ),
    "EncryptionSettingsElement": (
        "diskEncryptionKey:KeyVaultAndSecretReference keyEncryptionKey:KeyVaultAndKeyReference"
    ),
    "KeyVaultAndSecretReference": "secretUrl!:str sourceVault!:SourceVault",
    "SourceVault": "id:str",
    "KeyVaultAndKeyReference": "keyUrl!:str sourceVault!:SourceVault",
    "DiskPurchasePlan": "name!:str product!:str promotionCode:str publisher!:str",
    "DiskSecurityProfile": (
        "secureVMDiskEncryptionSetId:str securityType:@diskSecurityProfileSecurityType "
        "confidentialVMVersion:-"
    ),
    "SupportedCapabilities": (
        "acceleratedNetwork:bool architecture:@architecture diskControllerTypes:str "
        "supportedSecurityOption:@supportedSecurityOption"
    ),
    "DiskSku": "name:str tier:-",
    "SnapshotProperties": (
        "completionPercent:num copyCompletionError:CopyCompletionError creationData:CreationData "
        "dataAccessAuthMode:@dataAccessAuthMode diskAccessId:str diskSizeGB:int encryption:Encryption "
        "encryptionSettingsCollection:EncryptionSettingsCollection hyperVGeneration:@hyperVGeneration "
        "incremental:bool networkAccessPolicy:@networkAccessPolicy osType:@osType "
        "publicNetworkAccess:@publicNetworkAccess purchasePlan:DiskPurchasePlan "
        "securityProfile:DiskSecurityProfile supportedCapabilities:SupportedCapabilities "
        "supportsHibernation:bool timeCreated:- diskSizeBytes:- diskState:- uniqueId:- provisioningState:- "
        "incrementalSnapshotFamilyId:- snapshotAccessState:- immutabilityPolicy:-"
    ),
    "CopyCompletionError": "errorCode!:@errorCode errorMessage!:str",
    "SnapshotSku": "name:str tier:-",
}
