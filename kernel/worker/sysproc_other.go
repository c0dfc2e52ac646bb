//go:build !linux

package worker

import (
	"os"
	"syscall"
)

// unreadBytes is the ioctl that tells how many bytes wait in a pipe.
const unreadBytes = 0x4004667f // FIONREAD of the BSDs

// attributes put the child into a process group of its own. It ends with its
// parent by the end of its pipe.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// widen does nothing: only Linux lets a pipe grow.
func widen(*os.File) {}
