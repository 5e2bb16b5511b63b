"""Recognise programs and libraries: ELF, Mach-O and PE.

They may not be uploaded, so they are recognised by their structure, whatever the file name is.
"""

from __future__ import annotations

from coffer.domain.detection.registry import is_a

_ELF_KINDS = {
    1: "application/x-object",
    2: "application/x-executable",
    3: "application/x-sharedlib",
    4: "application/x-coredump",
}
_MACH_O_KINDS = {
    1: "application/x-mach-o-object",
    2: "application/x-mach-o-executable",
    3: "application/x-mach-o-fvmlib",
    4: "application/x-mach-o-core",
    5: "application/x-mach-o-preload",
    6: "application/x-mach-o-dylib",
    7: "application/x-mach-o-dylinker",
    8: "application/x-mach-o-bundle",
    9: "application/x-mach-o-dylib-stub",
    10: "application/x-mach-o-dsym",
    11: "application/x-mach-o-kext-bundle",
}
_BIG_ENDIAN_MACH_O = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf")
_LITTLE_ENDIAN_MACH_O = (b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
_BIG_ENDIAN_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
_LITTLE_ENDIAN_FAT = (b"\xbe\xba\xfe\xca", b"\xbf\xba\xfe\xca")
# A Java class file starts like a Mach-O for several architectures. It has its version, at least 45,
# in place of the number of architectures.
_MAX_ARCHITECTURES = 0x13

_PE_MACHINES = {
    0x014C: "application/x-msdownload; format=pe32",
    0x8664: "application/x-msdownload; format=pe64",
    0x0200: "application/x-msdownload; format=pe-itanium",
}
_PE_MARK = b"PE\x00\x00"
_PE_HEADER_OFFSETS = (128, 176, 208, 240)
_PE_MACHINE_OFFSETS = (128, 240)


def elf(head: bytes) -> str | None:
    """Recognise ELF by its kind of object, in either byte order."""
    if not head.startswith(b"\x7fELF"):
        return None
    kind = head[16:18]
    if len(kind) == 2 and 0 in kind:
        return _ELF_KINDS.get(max(kind), "application/x-elf")
    return "application/x-elf"


def fat_mach_o(head: bytes) -> str | None:
    """Recognise Mach-O for several architectures."""
    if head.startswith(_BIG_ENDIAN_FAT):
        architectures = int.from_bytes(head[4:8], "big")
    elif head.startswith(_LITTLE_ENDIAN_FAT):
        architectures = int.from_bytes(head[4:8], "little")
    else:
        return None
    if 1 <= architectures <= _MAX_ARCHITECTURES and len(head) >= 8:
        return "application/x-mach-o-universal"
    return None


def thin_mach_o(head: bytes) -> str | None:
    """Recognise Mach-O for one architecture by its kind of file."""
    kind = head[12:16]
    if head.startswith(_BIG_ENDIAN_MACH_O):
        return _MACH_O_KINDS.get(int.from_bytes(kind, "big"))
    if head.startswith(_LITTLE_ENDIAN_MACH_O):
        return _MACH_O_KINDS.get(int.from_bytes(kind, "little"))
    return None


def any_mach_o(head: bytes) -> str | None:
    """Recognise Mach-O of other kinds."""
    starts = head.startswith(_BIG_ENDIAN_MACH_O + _LITTLE_ENDIAN_MACH_O)
    return "application/x-mach-o" if starts else None


def pe_for_machine(head: bytes) -> str | None:
    """Recognise PE by its machine, if the header is at one of the two usual offsets."""
    for offset in _PE_MACHINE_OFFSETS:
        if head.startswith(_PE_MARK, offset):
            machine = int.from_bytes(head[offset + 4 : offset + 6], "little")
            if machine in _PE_MACHINES:
                return _PE_MACHINES[machine]
    return None


def pe(head: bytes) -> str | None:
    """Recognise PE whose header is at a usual offset; other MZ files match in a lower tier."""
    if head.startswith(b"MZ") and any(
        head.startswith(_PE_MARK, offset) for offset in _PE_HEADER_OFFSETS
    ):
        return "application/x-msdownload; format=pe"
    return None


def program(head: bytes) -> str | None:
    """Recognise a program even if the bytes also match another type.

    An MZ file must have a valid offset of a PE header, because other files may start with MZ. The
    other formats have longer signatures.
    """
    pe_offset = int.from_bytes(head[60:64], "little")
    if head.startswith(b"MZ") and len(head) >= 64 and head.startswith(_PE_MARK, pe_offset):
        return pe_for_machine(head) or pe(head) or "application/x-msdownload"
    return elf(head) or fat_mach_o(head) or thin_mach_o(head) or any_mach_o(head)


def is_program(media_type: str) -> bool:
    """True if a type is a program's, or a special case of one."""
    return media_type.startswith("application/x-mach-o") or any(
        is_a(media_type, general) for general in ("application/x-msdownload", "application/x-elf")
    )
