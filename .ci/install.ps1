# Installs faultboard @VERSION@ in %LOCALAPPDATA%\Programs\faultboard and puts that folder on your PATH. It needs no administrator. To
# remove: delete that folder.
$ErrorActionPreference = 'Stop'
# Windows PowerShell 5.1 draws its bar slower than it downloads, and on an old system would speak no TLS that servers take.
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
$name = 'faultboard-@VERSION@-x86_64-pc-windows-msvc'
$place = Join-Path $env:LOCALAPPDATA 'Programs\faultboard'
$folder = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
New-Item -ItemType Directory -Path $folder | Out-Null
try {
    Invoke-WebRequest -UseBasicParsing "@RELEASE@/$name.zip" -OutFile "$folder\archive.zip"
    $found = (Get-FileHash -Algorithm SHA256 "$folder\archive.zip").Hash
    if ($found -ne '@SUM@') {
        throw "the archive is not the one that was released: its SHA-256 is $found and should be @SUM@"
    }
    Expand-Archive "$folder\archive.zip" -DestinationPath $folder
    New-Item -ItemType Directory -Force -Path $place | Out-Null
    Copy-Item -Recurse -Force "$folder\$name\*" $place
} finally {
    Remove-Item -Recurse -Force $folder
}
$path = [Environment]::GetEnvironmentVariable('Path', 'User')
if (($path -split ';') -notcontains $place) {
    [Environment]::SetEnvironmentVariable('Path', "$path;$place", 'User')
    Write-Output "$place is on your PATH in new windows"
}
& "$place\faultboard.exe" --version
