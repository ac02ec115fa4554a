# What this machine is. Reads only; one JSON document.
param([string]$Files = '')
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$system = Get-CimInstance -ClassName Win32_OperatingSystem
$computer = Get-CimInstance -ClassName Win32_ComputerSystem
$version = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$state = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State'
$users = @(Get-LocalUser)
$builtin = $users | Where-Object { $_.SID.Value -like 'S-1-5-21-*-500' }
$disks = @(Get-CimInstance -ClassName Win32_DiskDrive | Where-Object { $_.InterfaceType -eq 'SCSI' -and $_.Index -gt 1 })
$agent = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\GuestAgent' -ErrorAction SilentlyContinue
$hashes = @{}
foreach ($file in @($Files -split '\|' | Where-Object { $_ })) {
    if (Test-Path -LiteralPath $file -PathType Leaf) {
        $hashes[$file] = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash.ToLowerInvariant()
    } else {
        $hashes[$file] = $null
    }
}

[PSCustomObject]@{
    machine_sid = ($builtin.SID.Value -replace '-500$', '')
    computer_name = $env:COMPUTERNAME
    caption = $system.Caption
    version = $system.Version
    build = "$($version.CurrentBuildNumber).$($version.UBR)"
    hardware = "$($computer.Manufacturer) $($computer.Model)"
    product_type = [int]$system.ProductType
    boot_time = $system.LastBootUpTime.ToUniversalTime().ToString('o')
    time = (Get-Date).ToUniversalTime().ToString('o')
    image_state = $state.ImageState
    domain_joined = [bool]$computer.PartOfDomain
    domain = $computer.Domain
    agent_version = $agent.GuestAgentVersion
    users = @($users | ForEach-Object { [PSCustomObject]@{ name = $_.Name; sid = $_.SID.Value; enabled = [bool]$_.Enabled } })
    profiles = @(Get-CimInstance -ClassName Win32_UserProfile | Where-Object { -not $_.Special } | ForEach-Object { [PSCustomObject]@{ path = $_.LocalPath; sid = $_.SID } })
    data_disks = @($disks | ForEach-Object { [PSCustomObject]@{ lun = [int]$_.SCSILogicalUnit; size_bytes = [int64]$_.Size } })
    volumes = @(Get-Volume | Where-Object { $_.DriveLetter } | ForEach-Object { [PSCustomObject]@{ letter = [string]$_.DriveLetter; label = $_.FileSystemLabel; size_bytes = [int64]$_.Size } })
    files = $hashes
} | ConvertTo-Json -Compress -Depth 4
