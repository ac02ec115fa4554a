$ErrorActionPreference = 'Stop'
Set-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\MSDTC' -Name SysprepInProgress -Value 0 -Type DWord
Set-Service -Name MSDTC -StartupType Manual
