# The scheduled task: Sysprep itself, as an administrator, and what it returned.
param([string]$Folder)
$ErrorActionPreference = 'Stop'
Set-Content -Path "$Folder\sysprep.started" -Value (Get-Date).ToUniversalTime().ToString('o')
$process = Start-Process -FilePath "$env:SystemRoot\System32\Sysprep\sysprep.exe" -ArgumentList '/oobe /generalize /quiet /quit /mode:vm' -PassThru -Wait
Set-Content -Path "$Folder\sysprep.exit" -Value $process.ExitCode
