"""Takes over one thread of a running process, as an attacker with code in it would. x86-64 Linux.

    thread.py PID TID hold              holds the thread until standard input ends; prints "held"
    thread.py PID TID call FILE         makes each system call of FILE (JSON: [[number, argument...]...], an argument is
                                        a number or a text) in the thread; prints a result a line, then lets it go on
"""
import ctypes
import json
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
SEIZE, INTERRUPT, GETREGS, SETREGS, STEP, DETACH, CONT = 0x4206, 0x4207, 12, 13, 9, 17, 7
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
         "fs_base gs_base ds es fs gs").split()


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


def ptrace(what, tid, data=None):
    if libc.ptrace(what, tid, None, data) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {what}: {os.strerror(error)}")


def stop(tid):
    ptrace(INTERRUPT, tid)
    os.waitpid(tid, 0x40000000)


def main():
    pid, tid, what = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    ptrace(SEIZE, tid)
    stop(tid)
    if what == "hold":
        print("held", flush=True)
        sys.stdin.read()
        return
    memory = open(f"/proc/{pid}/mem", "r+b", buffering=0)
    saved = Registers()
    for _ in range(1000):
        ptrace(GETREGS, tid, ctypes.byref(saved))
        memory.seek(saved.rip - 2)
        if memory.read(2) == b"\x0f\x05":
            break
        ptrace(CONT, tid)
        stop(tid)
    else:
        sys.exit("the thread was never found in a system call")
    for number, *arguments in json.load(open(sys.argv[4])):
        place, values = saved.rsp - 65536, []
        for argument in arguments:
            if isinstance(argument, str):
                text = argument.encode() + b"\0"
                memory.seek(place)
                memory.write(text)
                values.append(place)
                place += len(text)
            else:
                values.append(argument % 2**64)
        registers = Registers.from_buffer_copy(saved)
        registers.rip, registers.rax, registers.orig_rax = saved.rip - 2, number, 2**64 - 1
        for name, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), values):
            setattr(registers, name, value)
        ptrace(SETREGS, tid, ctypes.byref(registers))
        ptrace(STEP, tid)
        os.waitpid(tid, 0x40000000)
        ptrace(GETREGS, tid, ctypes.byref(registers))
        print(ctypes.c_longlong(registers.rax).value, flush=True)
    ptrace(SETREGS, tid, ctypes.byref(saved))
    ptrace(DETACH, tid)


main()
