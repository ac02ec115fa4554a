$ErrorActionPreference = 'Stop'
$users = @(Get-LocalUser | Where-Object { $_.Enabled -and $_.PasswordRequired -and -not $_.PasswordLastSet })
foreach ($user in $users) {
    & net.exe user $user.Name /logonpasswordchg:no | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "net.exe exited $LASTEXITCODE for $($user.Name)" }
    "cleared $($user.Name)"
}
