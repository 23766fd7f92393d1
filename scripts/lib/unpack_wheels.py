#!/usr/bin/python3
"""unpack_wheels.py PREFIX WHEEL...: lays out what the wheels would install under their data scheme.

pip itself would do that too, but into an environment whose layout is not a plain prefix, and with every copy of
the library that a zip file needs in place of links. Here equal copies of lib*.so* become links to the most
specific name.
"""
import hashlib
import pathlib
import sys
import zipfile


def unpack(wheel: pathlib.Path, prefix: pathlib.Path) -> None:
    """Writes every member of <name>.data/data/ under prefix."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            parts = pathlib.PurePosixPath(member.filename).parts
            if member.is_dir() or len(parts) < 3 or not parts[0].endswith(".data") or parts[1] != "data":
                continue
            target = prefix.joinpath(*parts[2:])
            if ".." in parts or not target.resolve().is_relative_to(prefix.resolve()):
                sys.exit(f"{wheel}: {member.filename} points outside of the wheel")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))


def link_equal_libraries(folder: pathlib.Path) -> None:
    """Keeps one file per content, under the longest name, with links for the others."""
    by_content: dict[str, list[pathlib.Path]] = {}
    for library in sorted(folder.glob("lib*.so*")):
        by_content.setdefault(hashlib.sha256(library.read_bytes()).hexdigest(), []).append(library)
    for libraries in by_content.values():
        longest = max(libraries, key=lambda path: len(path.name))
        longest.chmod(0o755)
        for other in libraries:
            if other != longest:
                other.unlink()
                other.symlink_to(longest.name)


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    prefix = pathlib.Path(sys.argv[1])
    for wheel in sys.argv[2:]:
        unpack(pathlib.Path(wheel), prefix)
    link_equal_libraries(prefix / "lib")


if __name__ == "__main__":
    main()
