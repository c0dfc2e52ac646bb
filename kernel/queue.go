package kernel

import (
	"context"
	"sync"
)

// queue runs functions one after the other, in the order in which they came.
// Adding never blocks.
type queue struct {
	mu    sync.Mutex
	tasks []func()
	wake  chan struct{}
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) add(task func()) {
	q.mu.Lock()
	q.tasks = append(q.tasks, task)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) next() func() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.tasks) == 0 {
		return nil
	}
	task := q.tasks[0]
	q.tasks = q.tasks[1:]
	return task
}

// run runs what is added until ctx ends.
func (q *queue) run(ctx context.Context) {
	for {
		for task := q.next(); task != nil && ctx.Err() == nil; task = q.next() {
			task()
		}
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		}
	}
}
