"""Virtual machines: the members of their bodies. The notation is told in `notation`."""

from __future__ import annotations

RESOURCES = {
    "Microsoft.Compute/virtualMachines": (
        "extendedLocation:ExtendedLocation identity:Identity placement:Placement plan:Plan "
        "properties:VMProperties zones:[]str"
    ),
}

SHAPES = {
    "ExtendedLocation": "name:str type:@extendedLocationType",
    "Identity": "type:@identityType userAssignedIdentities:{}UserAssignedIdentity principalId:- tenantId:-",
    "UserAssignedIdentity": "clientId:- principalId:-",
    "Placement": "excludeZones:[]str includeZones:[]str zonePlacementPolicy:@zonePlacementPolicy",
    "Plan": "name:str product:str promotionCode:str publisher:str",
    "VMProperties": (
        "additionalCapabilities:AdditionalCapabilities applicationProfile:ApplicationProfile "
        "availabilitySet:SubResource billingProfile:BillingProfile "
        "capacityReservation:CapacityReservationProfile diagnosticsProfile:DiagnosticsProfile "
        "evictionPolicy:@evictionPolicy extensionsTimeBudget:str hardwareProfile:HardwareProfile "
        "host:SubResource hostGroup:SubResource interconnectBlockProfile:InterconnectBlockProfile "
        "licenseType:str networkProfile:NetworkProfile osProfile:OSProfile platformFaultDomain:int "
        "priority:@priority proximityPlacementGroup:SubResource resiliencyProfile:ResiliencyProfile "
        "scheduledEventsPolicy:ScheduledEventsPolicy scheduledEventsProfile:ScheduledEventsProfile "
        "securityProfile:SecurityProfile storageProfile:StorageProfile userData:str "
        "virtualMachineScaleSet:SubResource provisioningState:- instanceView:- vmId:- timeCreated:-"
    ),
    "AdditionalCapabilities": "enableFips1403Encryption:bool hibernationEnabled:bool ultraSSDEnabled:bool",
    "ApplicationProfile": "galleryApplications:[]VMGalleryApplication",
    "VMGalleryApplication": (
        "configurationReference:str enableAutomaticUpgrade:bool order:int packageReferenceId!:str tags:str "
        "treatFailureAsDeploymentFailure:bool"
    ),
    "SubResource": "id:str",
    "BillingProfile": "maxPrice:num",
    "CapacityReservationProfile": "capacityReservationGroup:SubResource",
    "DiagnosticsProfile": "bootDiagnostics:BootDiagnostics",
    "BootDiagnostics": "enabled:bool storageUri:str",
    "HardwareProfile": "vmSize:str vmSizeProperties:VMSizeProperties",
    "VMSizeProperties": "vCPUsAvailable:int vCPUsPerCore:int",
    "InterconnectBlockProfile": "interconnectBlock:ApiEntityReference",
    "ApiEntityReference": "id:str",
    "NetworkProfile": (
        "interconnectGroupProfile:InterconnectGroupProfile networkApiVersion:@networkApiVersion "
        "networkInterfaceConfigurations:[]VirtualMachineNetworkInterfaceConfiguration "
        "networkInterfaces:[]NetworkInterfaceReference"
    ),
    "InterconnectGroupProfile": "interconnectGroup:SubResource subgroups:[]SubResource",
    "VirtualMachineNetworkInterfaceConfiguration": (
        "name!:str properties:VirtualMachineNetworkInterfaceConfigurationProperties tags:{}str"
    ),
    "VirtualMachineNetworkInterfaceConfigurationProperties": (
        "auxiliaryMode:@auxiliaryMode auxiliarySku:@auxiliarySku deleteOption:@deleteOption "
        "disableTcpStateTracking:bool dnsSettings:VirtualMachineNetworkInterfaceDnsSettingsConfiguration "
        "dscpConfiguration:SubResource enableAcceleratedNetworking:bool enableFpga:bool "
        "enableIPForwarding:bool ipConfigurations!:[]VirtualMachineNetworkInterfaceIPConfiguration "
        "networkSecurityGroup:SubResource primary:bool"
    ),
    "VirtualMachineNetworkInterfaceDnsSettingsConfiguration": "dnsServers:[]str",
    "VirtualMachineNetworkInterfaceIPConfiguration": (
        "name!:str properties:VirtualMachineNetworkInterfaceIPConfigurationProperties"
    ),
    "VirtualMachineNetworkInterfaceIPConfigurationProperties": (
        "applicationGatewayBackendAddressPools:[]SubResource applicationSecurityGroups:[]SubResource "
        "loadBalancerBackendAddressPools:[]SubResource primary:bool "
        "privateIPAddressVersion:@privateIPAddressVersion "
        "publicIPAddressConfiguration:VirtualMachinePublicIPAddressConfiguration subnet:SubResource"
    ),
    "VirtualMachinePublicIPAddressConfiguration": (
        "name!:str properties:VirtualMachinePublicIPAddressConfigurationProperties sku:PublicIPAddressSku "
        "tags:{}str"
    ),
    "VirtualMachinePublicIPAddressConfigurationProperties": (
        "deleteOption:@deleteOption dnsSettings:VirtualMachinePublicIPAddressDnsSettingsConfiguration "
        "idleTimeoutInMinutes:int ipTags:[]VirtualMachineIpTag "
        "publicIPAddressVersion:@publicIPAddressVersion publicIPAllocationMethod:@publicIPAllocationMethod "
        "publicIPPrefix:SubResource"
    ),
    "VirtualMachinePublicIPAddressDnsSettingsConfiguration": (
        "domainNameLabel!:str domainNameLabelScope:@domainNameLabelScope"
    ),
    "VirtualMachineIpTag": "ipTagType:str tag:str",
    "PublicIPAddressSku": "name:@publicIPAddressSkuName tier:@publicIPAddressSkuTier",
    "NetworkInterfaceReference": "id:str properties:NetworkInterfaceReferenceProperties",
    "NetworkInterfaceReferenceProperties": "deleteOption:@deleteOption primary:bool",
    "OSProfile": (
        "adminPassword:str adminUsername:str allowExtensionOperations:bool computerName:str customData:str "
        "linuxConfiguration:LinuxConfiguration requireGuestProvisionSignal:bool secrets:[]VaultSecretGroup "
        "windowsConfiguration:WindowsConfiguration"
    ),
    "LinuxConfiguration": (
        "disablePasswordAuthentication:bool enableVMAgentPlatformUpdates:bool "
        "patchSettings:LinuxPatchSettings provisionVMAgent:bool ssh:SshConfiguration"
    ),
    "LinuxPatchSettings": (
        "assessmentMode:@assessmentMode "
        "automaticByPlatformSettings:LinuxVMGuestPatchAutomaticByPlatformSettings patchMode:@patchMode"
    ),
    "LinuxVMGuestPatchAutomaticByPlatformSettings": (
        "bypassPlatformSafetyChecksOnUserSchedule:bool rebootSetting:@rebootSetting"
    ),
    "SshConfiguration": "publicKeys:[]SshPublicKey",
    "SshPublicKey": "keyData:str path:str",
    "VaultSecretGroup": "sourceVault:SubResource vaultCertificates:[]VaultCertificate",
    "VaultCertificate": "certificateStore:str certificateUrl:str",
    "WindowsConfiguration": (
        "additionalUnattendContent:[]AdditionalUnattendContent enableAutomaticUpdates:bool "
        "patchSettings:PatchSettings provisionVMAgent:bool timeZone:str winRM:WinRMConfiguration "
        "enableVMAgentPlatformUpdates:-"
    ),
    "AdditionalUnattendContent": (
        "componentName:@componentName content:str passName:@passName settingName:@settingName"
    ),
    "PatchSettings": (
        "assessmentMode:@assessmentMode "
        "automaticByPlatformSettings:WindowsVMGuestPatchAutomaticByPlatformSettings enableHotpatching:bool "
        "patchMode:@patchSettingsPatchMode"
    ),
    "WindowsVMGuestPatchAutomaticByPlatformSettings": (
        "bypassPlatformSafetyChecksOnUserSchedule:bool rebootSetting:@rebootSetting"
    ),
    "WinRMConfiguration": "listeners:[]WinRMListener",
    "WinRMListener": "certificateUrl:str protocol:@winRMListenerProtocol",
    "ResiliencyProfile": "zoneMovement:ZoneMovement",
    "ZoneMovement": "isEnabled:bool",
    "ScheduledEventsPolicy": (
        "allInstancesDown:AllInstancesDown "
        "scheduledEventsAdditionalPublishingTargets:ScheduledEventsAdditionalPublishingTargets "
        "userInitiatedReboot:UserInitiatedReboot userInitiatedRedeploy:UserInitiatedRedeploy"
    ),
    "AllInstancesDown": "automaticallyApprove:bool",
    "ScheduledEventsAdditionalPublishingTargets": "eventGridAndResourceGraph:EventGridAndResourceGraph",
    "EventGridAndResourceGraph": "enable:bool scheduledEventsApiVersion:str",
    "UserInitiatedReboot": "automaticallyApprove:bool",
    "UserInitiatedRedeploy": "automaticallyApprove:bool",
    "ScheduledEventsProfile": (
        "osImageNotificationProfile:OSImageNotificationProfile "
        "terminateNotificationProfile:TerminateNotificationProfile"
    ),
    "OSImageNotificationProfile": "enable:bool notBeforeTimeout:str",
    "TerminateNotificationProfile": "enable:bool notBeforeTimeout:str",
    "SecurityProfile": (
        "encryptionAtHost:bool encryptionIdentity:EncryptionIdentity proxyAgentSettings:ProxyAgentSettings "
        "securityType:@securityType uefiSettings:UefiSettings"
    ),
    "EncryptionIdentity": "userAssignedIdentityResourceId:str",
    "ProxyAgentSettings": (
        "addProxyAgentExtension:bool enabled:bool imds:HostEndpointSettings keyIncarnationId:int "
        "mode:@proxyAgentSettingsMode wireServer:HostEndpointSettings"
    ),
    "HostEndpointSettings": "inVMAccessControlProfileReferenceId:str mode:@hostEndpointSettingsMode",
    "UefiSettings": "secureBootEnabled:bool vTpmEnabled:bool",
    "StorageProfile": (
        "alignRegionalDisksToVMZone:bool dataDisks:[]DataDisk diskControllerType:@diskControllerType "
        "imageReference:ImageReference osDisk:OSDisk"
    ),
    "DataDisk": (
        "caching:@caching createOption!:@createOption deleteOption:@deleteOption detachOption:@detachOption "
        "diskIOPSReadWrite:int diskMBpsReadWrite:int diskSizeGB:int image:VirtualHardDisk lun!:int "
        "managedDisk:ManagedDiskParameters name:str sourceResource:ApiEntityReference "
        "storageFaultDomainAlignment:@storageFaultDomainAlignment toBeDetached:bool vhd:VirtualHardDisk "
        "writeAcceleratorEnabled:bool"
    ),
    "VirtualHardDisk": "uri:str",
    "ManagedDiskParameters": (
        "diskEncryptionSet:DiskEncryptionSetParameters id:str securityProfile:VMDiskSecurityProfile "
        "storageAccountType:@storageAccountType"
    ),
    "DiskEncryptionSetParameters": "id:str",
    "VMDiskSecurityProfile": (
        "diskEncryptionSet:DiskEncryptionSetParameters securityEncryptionType:@securityEncryptionType"
    ),
    "ImageReference": (
        "communityGalleryImageId:str id:str offer:str publisher:str sharedGalleryImageId:str sku:str "
        "version:str exactVersion:-"
    ),
    "OSDisk": (
        "caching:@caching createOption!:@createOption deleteOption:@deleteOption "
        "diffDiskSettings:DiffDiskSettings diskSizeGB:int encryptionSettings:DiskEncryptionSettings "
        "image:VirtualHardDisk managedDisk:ManagedDiskParameters name:str osType:@osType "
        "storageFaultDomainAlignment:@storageFaultDomainAlignment vhd:VirtualHardDisk "
        "writeAcceleratorEnabled:bool"
    ),
    "DiffDiskSettings": "enableFullCaching:bool option:@diffDiskSettingsOption placement:@placement",
    "DiskEncryptionSettings": (
        "diskEncryptionKey:KeyVaultSecretReference enabled:bool keyEncryptionKey:KeyVaultKeyReference"
    ),
    "KeyVaultSecretReference": "secretUrl!:str sourceVault!:SubResource",
    "KeyVaultKeyReference": "keyUrl!:str sourceVault!:SubResource",
}
