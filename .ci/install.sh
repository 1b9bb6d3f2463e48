#!/bin/sh
# Installs faultboard @VERSION@ below ~/.local, or where PREFIX says: the program, its manual page and its completions. It changes no
# other file, and leaves nothing where a checksum is wrong. To remove: rm the files that it names at its end.
set -eu
case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    *) echo "faultboard has no archive for $(uname -s) on $(uname -m): cargo install builds it" >&2; exit 1 ;;
esac
sum=
case "$target" in
    @SUMS@
esac
if [ -z "$sum" ]; then
    echo "faultboard @VERSION@ has no archive for $target: cargo install builds it" >&2
    exit 1
fi
prefix=${PREFIX:-$HOME/.local}
name=faultboard-@VERSION@-$target
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if command -v curl >/dev/null; then
    curl -fsSL "${FAULTBOARD_FROM:-@RELEASE@}/$name.tar.gz" -o "$folder/archive"
else
    wget -q "${FAULTBOARD_FROM:-@RELEASE@}/$name.tar.gz" -O "$folder/archive"
fi
if command -v sha256sum >/dev/null; then
    found=$(sha256sum "$folder/archive" | cut -d ' ' -f 1)
else
    found=$(shasum -a 256 "$folder/archive" | cut -d ' ' -f 1)
fi
if [ "$found" != "$sum" ]; then
    echo "the archive is not the one that was released: its SHA-256 is $found and should be $sum" >&2
    exit 1
fi
tar -C "$folder" -xzf "$folder/archive"
put() {
    mkdir -p "$(dirname "$prefix/$2")"
    cp "$folder/$name/$1" "$prefix/$2"
    echo "$prefix/$2"
}
put faultboard bin/faultboard
put faultboard.1 share/man/man1/faultboard.1
put completions/faultboard.bash share/bash-completion/completions/faultboard
put completions/faultboard.fish share/fish/vendor_completions.d/faultboard.fish
put completions/faultboard.zsh share/zsh/site-functions/_faultboard
case ":$PATH:" in
    *":$prefix/bin:"*) "$prefix/bin/faultboard" --version ;;
    *) echo "$prefix/bin is not on your PATH yet" ;;
esac
