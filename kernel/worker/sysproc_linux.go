package worker

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// unreadBytes is the ioctl that tells how many bytes wait in a pipe.
const unreadBytes = unix.TIOCINQ

// attributes put the child into a process group of its own, which a terminal's
// Ctrl-C does not reach, and let it die with the thread that started it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// widen makes room for bursts of output in a pipe. Where the user's share of
// pipe memory is used up the pipe stays as it is.
func widen(f *os.File) {
	raw, err := f.SyscallConn()
	if err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
}
