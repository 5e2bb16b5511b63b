"""Take away from a process what decoding a picture does not need.

Used by the process that decodes, after it has forked and before it reads the picture, and by its
parents. No data depends on it: the decoder's role has none (docs/adr/0016). Resource limits work
wherever POSIX does. The kernel may refuse the rest; a function returns the refused ones by name.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from collections.abc import Callable, Iterator, Mapping

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # linux/prctl.h
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2  # linux/seccomp.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x45, 0x06  # linux/bpf_common.h
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_CLONE_THREAD = 0x00010000

_AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
# Memory, threads, time, signals of the process itself, and the descriptors that are open already.
# Numbers: arch/x86/entry/syscalls/syscall_64.tbl, and asm-generic/unistd.h for aarch64.
_SYSTEM_CALLS: Mapping[str, Mapping[str, int]] = {
    "read": {"x86_64": 0, "aarch64": 63},
    "write": {"x86_64": 1, "aarch64": 64},
    "close": {"x86_64": 3, "aarch64": 57},
    "fstat": {"x86_64": 5, "aarch64": 80},
    "newfstatat": {"x86_64": 262, "aarch64": 79},
    "lseek": {"x86_64": 8, "aarch64": 62},
    "mmap": {"x86_64": 9, "aarch64": 222},
    "mprotect": {"x86_64": 10, "aarch64": 226},
    "munmap": {"x86_64": 11, "aarch64": 215},
    "brk": {"x86_64": 12, "aarch64": 214},
    "rt_sigaction": {"x86_64": 13, "aarch64": 134},
    "rt_sigprocmask": {"x86_64": 14, "aarch64": 135},
    "rt_sigreturn": {"x86_64": 15, "aarch64": 139},
    "pread64": {"x86_64": 17, "aarch64": 67},
    "pwrite64": {"x86_64": 18, "aarch64": 68},
    "readv": {"x86_64": 19, "aarch64": 65},
    "writev": {"x86_64": 20, "aarch64": 66},
    "sched_yield": {"x86_64": 24, "aarch64": 124},
    "mremap": {"x86_64": 25, "aarch64": 216},
    "madvise": {"x86_64": 28, "aarch64": 233},
    "nanosleep": {"x86_64": 35, "aarch64": 101},
    "getpid": {"x86_64": 39, "aarch64": 172},
    "exit": {"x86_64": 60, "aarch64": 93},
    "uname": {"x86_64": 63, "aarch64": 160},
    "ftruncate": {"x86_64": 77, "aarch64": 46},
    "getcwd": {"x86_64": 79, "aarch64": 17},
    "gettimeofday": {"x86_64": 96, "aarch64": 169},
    "getrusage": {"x86_64": 98, "aarch64": 165},
    "sysinfo": {"x86_64": 99, "aarch64": 179},
    "sigaltstack": {"x86_64": 131, "aarch64": 132},
    "gettid": {"x86_64": 186, "aarch64": 178},
    "futex": {"x86_64": 202, "aarch64": 98},
    "sched_getaffinity": {"x86_64": 204, "aarch64": 123},
    "restart_syscall": {"x86_64": 219, "aarch64": 128},
    "clock_gettime": {"x86_64": 228, "aarch64": 113},
    "clock_nanosleep": {"x86_64": 230, "aarch64": 115},
    "exit_group": {"x86_64": 231, "aarch64": 94},
    "set_robust_list": {"x86_64": 273, "aarch64": 99},
    "getcpu": {"x86_64": 309, "aarch64": 168},
    "getrandom": {"x86_64": 318, "aarch64": 278},
    "membarrier": {"x86_64": 324, "aarch64": 283},
    "rseq": {"x86_64": 334, "aarch64": 293},
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_TGKILL = {"x86_64": 234, "aarch64": 131}


def limit_resources(
    memory_bytes: int, file_bytes: int, seconds: int, *, needs_threads: bool = False
) -> None:
    """Limit this process, and all that it starts, with what every POSIX system has.

    It opens no file and no socket any more, because the number of its descriptors is exhausted. It
    writes files of at most `file_bytes`, uses at most `seconds` more of processor time, and leaves
    no core dump. It starts no process, unless it is root or `needs_threads`: the limit counts both.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    processor_seconds = int(used.ru_utime + used.ru_stime) + seconds + 1
    limits = [
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CPU, processor_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ]
    if not needs_threads:
        limits.append((resource.RLIMIT_NPROC, 0))
    for limit, value in limits:
        resource.setrlimit(limit, (value, value))


def restrict_system_calls(*, needs_threads: bool = False) -> list[str]:
    """Allow only the system calls that decoding needs; return the names of what was refused."""
    machine = platform.machine()
    if machine not in _AUDIT_ARCHITECTURES:
        return ["seccomp"]
    program = b"".join(_instructions(machine, os.getpid(), _CLONE_THREAD * needs_threads))
    buffer = ctypes.create_string_buffer(program, len(program))
    pointer = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    )
    return _refused(
        {
            "ends_with_parent": lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
            "no_new_privileges": lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1),
            "seccomp": lambda: _prctl(
                _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(pointer)
            ),
        }
    )


def hide_memory() -> list[str]:
    """Keep other processes of the same user out of this one's memory, variables and descriptors.

    Returns the names of what was refused.
    """
    return _refused({"not_dumpable": lambda: _prctl(_PR_SET_DUMPABLE, 0)})


def _refused(protections: Mapping[str, Callable[[], None]]) -> list[str]:
    refused = []
    for name, apply in protections.items():
        try:
            apply()
        except OSError:
            refused.append(name)
    return refused


def _prctl(option: int, first: int, second: int = 0) -> None:
    """Call prctl(2); raise OSError if it fails, or if the system has none."""
    try:
        call = ctypes.CDLL(None, use_errno=True).prctl
    except AttributeError as error:
        raise OSError(errno.ENOSYS, "this system has no prctl") from error
    arguments = (first, second, 0, 0)
    if call(option, *map(ctypes.c_ulong, arguments)):
        raise OSError(ctypes.get_errno(), "prctl")


def _instructions(machine: str, process: int, clone_flag: int) -> Iterator[bytes]:
    """Yield the filter in classic BPF. Each system call that is not in it fails with EPERM."""
    refuse = _instruction(_RETURN, _ERRNO | errno.EPERM)
    allow = _instruction(_RETURN, _ALLOW)
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield _instruction(_JUMP_IF_EQUAL, _AUDIT_ARCHITECTURES[machine], 1, 0)
    yield refuse
    yield _instruction(_LOAD, _NUMBER)
    for numbers in _SYSTEM_CALLS.values():
        yield _instruction(_JUMP_IF_EQUAL, numbers[machine], 0, 1)
        yield allow
    # glibc falls back to clone, whose flags a filter can read.
    yield _instruction(_JUMP_IF_EQUAL, _CLONE3, 0, 1)
    yield _instruction(_RETURN, _ERRNO | errno.ENOSYS)
    yield _instruction(_JUMP_IF_EQUAL, _CLONE[machine], 0, 4)
    yield _instruction(_LOAD, _FIRST_ARGUMENT)
    yield _instruction(_JUMP_IF_SET, clone_flag, 0, 1)
    yield allow
    yield refuse
    yield _instruction(_JUMP_IF_EQUAL, _TGKILL[machine], 0, 3)  # abort() signals the process itself
    yield _instruction(_LOAD, _FIRST_ARGUMENT)
    yield _instruction(_JUMP_IF_EQUAL, process, 0, 1)
    yield allow
    yield refuse


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
