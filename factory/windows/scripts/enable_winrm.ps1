# Run by Run Command, as SYSTEM. The guest makes the key; it never leaves the machine. What is printed is the
# public certificate: whoever connects accepts this one and no other. The guest makes the password of a temporary
# administrator too, and prints it encrypted: parameters can be read in the list of processes.
param(
    [string]$AdminName,
    [string]$SealKey = 'none',
    [int]$Days = 2,
    [int]$Port = 5986
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$sealed = $null
if ($SealKey -ne 'none') {
    $bytes = [byte[]]::new(24)
    [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($bytes)
    # Windows wants three kinds of characters out of four: the prefix has them, the rest is the secret.
    $password = 'Gf1-' + [Convert]::ToBase64String($bytes)
    $rsa = New-Object -TypeName Security.Cryptography.RSACryptoServiceProvider
    $rsa.FromXmlString([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($SealKey)))
    $sealed = [Convert]::ToBase64String($rsa.Encrypt([Text.Encoding]::UTF8.GetBytes($password), $true))
    $secret = ConvertTo-SecureString -String $password -AsPlainText -Force
    $user = Get-LocalUser -Name $AdminName -ErrorAction SilentlyContinue
    if ($user) {
        Set-LocalUser -Name $AdminName -Password $secret
    } else {
        New-LocalUser -Name $AdminName -Password $secret -AccountExpires (Get-Date).AddDays($Days) -Description 'temporary administrator of an image build' | Out-Null
    }
    # By its SID: the group's name depends on the language of the system.
    $members = @(Get-LocalGroupMember -SID 'S-1-5-32-544' | Where-Object { $_.Name -like "*\$AdminName" })
    if ($members.Count -eq 0) { Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $AdminName }
}

$service = Get-Service -Name WinRM
$before = @{ service = [string]$service.StartType; binding = ''; filter = '' }
if ($service.StartType -eq 'Disabled') { Set-Service -Name WinRM -StartupType Manual }
if ($service.Status -ne 'Running') { Start-Service -Name WinRM }
$before.binding = [string](Get-Item -Path WSMan:\localhost\Service\Auth\CbtHardeningLevel).Value
# A local administrator who logs in over the network gets his rights only with this; by default only RID 500 does.
$policies = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
$before.filter = [string](Get-ItemProperty -Path $policies).LocalAccountTokenFilterPolicy
Set-ItemProperty -Path $policies -Name LocalAccountTokenFilterPolicy -Value 1 -Type DWord

# Only what an earlier, interrupted opening left is removed; a listener of the user's own is used as it is.
$certificate = $null
$mine = @(Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'golden-winrm' } | ForEach-Object { $_.Thumbprint })
foreach ($listener in @(Get-ChildItem -Path WSMan:\localhost\Listener | Where-Object { $_.Keys -contains 'Transport=HTTPS' })) {
    $settings = @(Get-ChildItem -Path "WSMan:\localhost\Listener\$($listener.Name)")
    $thumbprint = ($settings | Where-Object { $_.Name -eq 'CertificateThumbprint' }).Value
    if ($mine -contains $thumbprint) {
        Remove-Item -Path "WSMan:\localhost\Listener\$($listener.Name)" -Recurse -Force
    } else {
        $certificate = Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.Thumbprint -eq $thumbprint }
        $Port = [int]($settings | Where-Object { $_.Name -eq 'Port' }).Value
    }
}
Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'golden-winrm' } | Remove-Item -Force
$own = -not $certificate
if ($own) {
    $certificate = New-SelfSignedCertificate -DnsName $env:COMPUTERNAME -CertStoreLocation Cert:\LocalMachine\My -FriendlyName 'golden-winrm' -NotAfter (Get-Date).AddDays($Days) -KeyExportPolicy NonExportable
    New-Item -Path WSMan:\localhost\Listener -Transport HTTPS -Address * -Port $Port -CertificateThumbPrint $certificate.Thumbprint -Force | Out-Null
}
# Without hardening every channel binding passes, also none; with Strict, a tunnel in between cannot log in.
Set-Item -Path WSMan:\localhost\Service\Auth\CbtHardeningLevel -Value Strict
if (-not (Get-NetFirewallRule -Name 'golden-winrm' -ErrorAction SilentlyContinue)) {
    New-NetFirewallRule -Name 'golden-winrm' -DisplayName 'golden-winrm' -Direction Inbound -Action Allow -Protocol TCP -LocalPort $Port -Profile Any | Out-Null
}

[PSCustomObject]@{
    user = $AdminName
    password = $sealed
    computer = $env:COMPUTERNAME
    thumbprint = $certificate.Thumbprint
    certificate = [Convert]::ToBase64String($certificate.RawData)
    port = $Port
    own_listener = [bool]$own
    before = [PSCustomObject]$before
} | ConvertTo-Json -Compress
