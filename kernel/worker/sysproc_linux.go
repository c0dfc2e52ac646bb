package worker

import (
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
