# When the machine was started, in UTC: a restart is believed when this has changed.
$ErrorActionPreference = 'Stop'
(Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('o')
