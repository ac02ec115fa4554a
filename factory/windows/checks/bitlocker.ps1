$ErrorActionPreference = 'Stop'
$volumes = @(Get-CimInstance -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption -ClassName Win32_EncryptableVolume -ErrorAction SilentlyContinue)
[PSCustomObject]@{
    volumes = @($volumes | ForEach-Object { [PSCustomObject]@{ letter = $_.DriveLetter; conversion = [int]$_.ConversionStatus; protection = [int]$_.ProtectionStatus } })
} | ConvertTo-Json -Compress -Depth 3
