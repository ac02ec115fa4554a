"""Galleries, image definitions and image versions: the members of their bodies."""

from __future__ import annotations

RESOURCES = {
    "Microsoft.Compute/galleries": "identity:Identity properties:GalleryProperties",
    "Microsoft.Compute/galleries/images": "properties:GalleryImageProperties",
    "Microsoft.Compute/galleries/images/versions": "properties:GalleryImageVersionProperties",
}

SHAPES = {
    "GalleryProperties": (
        "description:str identifier:GalleryIdentifier sharingProfile:SharingProfile "
        "softDeletePolicy:SoftDeletePolicy provisioningState:- sharingStatus:-"
    ),
    "GalleryIdentifier": "uniqueName:-",
    "SharingProfile": "communityGalleryInfo:CommunityGalleryInfo permissions:@permissions groups:-",
    "CommunityGalleryInfo": (
        "eula:str publicNamePrefix:str publisherContact:str publisherUri:str communityGalleryEnabled:- "
        "publicNames:-"
    ),
    "SoftDeletePolicy": "isSoftDeleteEnabled:bool",
    "GalleryImageProperties": (
        "allowUpdateImage:bool architecture:str description:str disallowed:Disallowed endOfLifeDate:str "
        "eula:str features:[]GalleryImageFeature hyperVGeneration:str identifier:GalleryImageIdentifier "
        "osState:str osType:str privacyStatementUri:str purchasePlan:ImagePurchasePlan "
        "recommended:RecommendedMachineConfiguration releaseNoteUri:str provisioningState:-"
    ),
    "Disallowed": "diskTypes:[]str",
    "GalleryImageFeature": "name:str startsAtVersion:str value:str",
    "GalleryImageIdentifier": "offer:str publisher:str sku:str",
    "ImagePurchasePlan": "name:str product:str publisher:str",
    "RecommendedMachineConfiguration": "memory:ResourceRange vCPUs:ResourceRange",
    "ResourceRange": "max:int min:int",
    "GalleryImageVersionProperties": (
        "publishingProfile:GalleryImageVersionPublishingProfile restore:bool "
        "safetyProfile:GalleryImageVersionSafetyProfile securityProfile:ImageVersionSecurityProfile "
        "storageProfile!:GalleryImageVersionStorageProfile provisioningState:- replicationStatus:- "
        "validationsProfile:- imageMetadataProfiles:-"
    ),
    "GalleryImageVersionPublishingProfile": (
        "endOfLifeDate:str excludeFromLatest:bool replicaCount:int replicationMode:@replicationMode "
        "storageAccountStrategy:@storageAccountStrategy "
        "storageAccountType:@galleryImageVersionPublishingProfileStorageAccountType "
        "targetExtendedLocations:[]GalleryTargetExtendedLocation targetRegions:[]TargetRegion "
        "publishedDate:-"
    ),
    "GalleryTargetExtendedLocation": (
        "encryption:EncryptionImages extendedLocation:GalleryExtendedLocation "
        "extendedLocationReplicaCount:int name:str "
        "storageAccountType:@galleryTargetExtendedLocationStorageAccountType"
    ),
    "EncryptionImages": "dataDiskImages:[]DataDiskImageEncryption osDiskImage:OSDiskImageEncryption",
    "DataDiskImageEncryption": "diskEncryptionSetId:str lun!:int",
    "OSDiskImageEncryption": "diskEncryptionSetId:str securityProfile:OSDiskImageSecurityProfile",
    "OSDiskImageSecurityProfile": (
        "confidentialVMEncryptionType:@confidentialVMEncryptionType secureVMDiskEncryptionSetId:str"
    ),
    "GalleryExtendedLocation": "name:str type:@galleryExtendedLocationType",
    "TargetRegion": (
        "additionalReplicaSets:[]AdditionalReplicaSet encryption:EncryptionImages excludeFromLatest:bool "
        "name!:str regionalReplicaCount:int storageAccountType:@targetRegionStorageAccountType"
    ),
    "AdditionalReplicaSet": (
        "regionalReplicaCount:int storageAccountType:@additionalReplicaSetStorageAccountType"
    ),
    "GalleryImageVersionSafetyProfile": (
        "allowDeletionOfReplicatedLocations:bool blockDeletionBeforeEndOfLife:bool "
        "reportedForPolicyViolation:- policyViolations:-"
    ),
    "ImageVersionSecurityProfile": "uefiSettings:GalleryImageVersionUefiSettings",
    "GalleryImageVersionUefiSettings": (
        "additionalSignatures:UefiKeySignatures signatureTemplateNames:[]@signatureTemplateNames"
    ),
    "UefiKeySignatures": "db:[]UefiKey dbx:[]UefiKey kek:[]UefiKey pk:UefiKey",
    "UefiKey": "type:@uefiKeyType value:[]str",
    "GalleryImageVersionStorageProfile": (
        "dataDiskImages:[]GalleryDataDiskImage osDiskImage:GalleryOSDiskImage "
        "source:GalleryArtifactVersionFullSource"
    ),
    "GalleryDataDiskImage": "hostCaching:@hostCaching lun!:int source:GalleryDiskImageSource sizeInGB:-",
    "GalleryDiskImageSource": "id:str storageAccountId:str uri:str",
    "GalleryOSDiskImage": "hostCaching:@hostCaching source:GalleryDiskImageSource sizeInGB:-",
    "GalleryArtifactVersionFullSource": "communityGalleryImageId:str id:str virtualMachineId:str",
}
