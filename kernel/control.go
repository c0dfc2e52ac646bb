package kernel

import (
	"context"
	"crypto/rand"
	"maps"
	"os"
	"slices"

	"github.com/fabricbook/fabricbook/kernel/wire"
)

// serveInterrupt stops the running cells of all shells (JEP 91).
func (k *Kernel) serveInterrupt(*request) (any, error) {
	k.Interrupt()
	return map[string]string{"status": "ok"}, nil
}

// serveShutdown ends the kernel after its reply, which goes to all clients.
func (k *Kernel) serveShutdown(r *request) (any, error) {
	var content struct {
		Restart bool `json:"restart"`
	}
	if err := r.content(&content); err != nil {
		return nil, err
	}
	reply := map[string]any{"status": "ok", "restart": content.Restart}
	r.reply(reply, nil)
	k.out.message(r.msg.RawHeader, wire.ShutdownReply, reply)
	k.stop()
	return nil, nil
}

// serveUsage tells what the kernel and the process of its cells use.
func (k *Kernel) serveUsage(*request) (any, error) {
	pids := []int{os.Getpid()}
	if e, err := k.engine.now(); err == nil {
		if p, ok := e.(interface{ Pid() int }); ok {
			pids = append(pids, p.Pid())
		}
	}
	return k.usage.measure(pids...)
}

// serveCreateSubshell makes one more queue of cells.
func (k *Kernel) serveCreateSubshell(*request) (any, error) {
	s := newShell(k, rand.Text())
	ctx, cancel := context.WithCancel(k.engine.ctx)
	s.end = cancel
	k.mu.Lock()
	k.shells[s.id] = s
	k.mu.Unlock()
	go s.run(ctx)
	return map[string]string{"status": "ok", "subshell_id": s.id}, nil
}

// serveDeleteSubshell ends a subshell; cells that wait in it are aborted.
func (k *Kernel) serveDeleteSubshell(r *request) (any, error) {
	var content struct {
		ID string `json:"subshell_id"`
	}
	if err := r.content(&content); err != nil {
		return nil, err
	}
	k.mu.Lock()
	s := k.shells[content.ID]
	if content.ID != "" {
		delete(k.shells, content.ID)
	}
	k.mu.Unlock()
	if s == nil || content.ID == "" {
		return nil, noSubshell(content.ID)
	}
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	s.end()
	for _, r := range waiting {
		s.abort(r)
	}
	return map[string]string{"status": "ok"}, nil
}

// serveListSubshell names the subshells.
func (k *Kernel) serveListSubshell(*request) (any, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ids := slices.Sorted(maps.Keys(k.shells))
	return map[string]any{"status": "ok", "subshell_id": append([]string{}, ids[1:]...)}, nil
}
