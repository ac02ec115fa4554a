$ErrorActionPreference = 'Stop'
$computer = Get-CimInstance -ClassName Win32_ComputerSystem
[PSCustomObject]@{ joined = [bool]$computer.PartOfDomain; domain = $computer.Domain } | ConvertTo-Json -Compress
