package interp

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// endLeftovers is told on standard input which process groups begin (+ 7) and end
// (- 7). When nobody can tell any more, however that came, it ends those that are left.
const endLeftovers = `left=' '
while read -r op group; do
	case $op in
	+) left="$left$group ";;
	-) left="${left%% $group *} ${left#* $group }";;
	esac
done
[ "$left" = ' ' ] && exit
for group in $left; do kill -s INT -- "-$group"; done 2>/dev/null
sleep 0.1
for group in $left; do kill -s KILL -- "-$group"; done 2>/dev/null`

// leftovers ends the commands that run when this process dies, be it killed: they are
// in process groups of their own, which nobody else knows.
type leftovers struct {
	mu     sync.Mutex
	tell   *os.File // nil until the first command
	closed bool
}

// begin notes that the process group of a command runs.
func (l *leftovers) begin(group int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tell == nil && !l.closed {
		l.start()
	}
	l.note('+', group)
}

// end notes that the command has ended.
func (l *leftovers) end(group int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note('-', group)
}

func (l *leftovers) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tell != nil {
		l.tell.Close()
	}
	l.tell, l.closed = nil, true
}

// note tells of a group. Without somebody to tell commands run all the same.
func (l *leftovers) note(op byte, group int) {
	if l.tell != nil {
		_, _ = fmt.Fprintf(l.tell, "%c %d\n", op, group)
	}
}

// start starts the watching process, in a session of its own that outlives this one's.
func (l *leftovers) start() {
	read, write, err := os.Pipe()
	if err != nil {
		return
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", "-c", endLeftovers)
	cmd.Stdin, cmd.Dir = read, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if cmd.Start() != nil {
		write.Close()
		return
	}
	go func() { _ = cmd.Wait() }() // it ends after this process or after close
	l.tell = write
}
