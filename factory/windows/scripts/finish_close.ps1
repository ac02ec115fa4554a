# The way in, taken away by a task of SYSTEM: no session can saw off the branch on which it sits. The order is the
# evidence: the listener goes last, so that a port that is closed tells that all before it is gone.
param(
    [string]$AdminName,
    [string]$RemoveAdmin = 'no',
    [string]$Binding = 'Relaxed',
    [string]$Filter = 'none',
    [string]$Service = 'none'
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Start-Sleep -Seconds 2

if ($RemoveAdmin -eq 'yes') {
    $user = Get-LocalUser -Name $AdminName -ErrorAction SilentlyContinue
    if ($user) {
        $sid = $user.SID.Value
        # Sysprep's task ran as this user: Windows may take a while to let go of the profile.
        for ($try = 0; $try -lt 12; $try++) {
            $profiles = @(Get-CimInstance -ClassName Win32_UserProfile | Where-Object { $_.SID -eq $sid })
            if ($profiles.Count -eq 0) { break }
            try { $profiles | Remove-CimInstance } catch { Start-Sleep -Seconds 5 }
        }
        if (@(Get-CimInstance -ClassName Win32_UserProfile | Where-Object { $_.SID -eq $sid }).Count -gt 0) { throw "the profile of $AdminName stays" }
        Remove-LocalUser -Name $AdminName
    }
}
Set-Item -Path WSMan:\localhost\Service\Auth\CbtHardeningLevel -Value $Binding
$policies = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
if ($Filter -eq 'none') {
    Remove-ItemProperty -Path $policies -Name LocalAccountTokenFilterPolicy -ErrorAction SilentlyContinue
} else {
    Set-ItemProperty -Path $policies -Name LocalAccountTokenFilterPolicy -Value ([int]$Filter) -Type DWord
}
if ($Service -eq 'Disabled') { Set-Service -Name WinRM -StartupType Disabled }
Unregister-ScheduledTask -TaskName 'golden-close' -Confirm:$false
Remove-Item -Path $PSCommandPath -Force

$thumbprints = @(Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'golden-winrm' } | ForEach-Object { $_.Thumbprint })
Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'golden-winrm' } | Remove-Item -Force
Remove-NetFirewallRule -Name 'golden-winrm' -ErrorAction SilentlyContinue
foreach ($listener in @(Get-ChildItem -Path WSMan:\localhost\Listener)) {
    $thumbprint = (Get-ChildItem -Path "WSMan:\localhost\Listener\$($listener.Name)" | Where-Object { $_.Name -eq 'CertificateThumbprint' }).Value
    if ($thumbprints -contains $thumbprint) { Remove-Item -Path "WSMan:\localhost\Listener\$($listener.Name)" -Recurse -Force }
}
