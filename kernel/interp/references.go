package interp

import (
	"fmt"
	"reflect"
	"sync"
)

// reference is a value whose parts a front end may ask for: count of them, from
// number start on.
type reference struct {
	value        reflect.Value
	expr         string
	list         []child // the parts, if they were read once for all; else of value
	start, count int
	whole        bool // the parts come at once, however many
	thread       int  // it ends when this goes on; 0: with its view
	frame        int  // number of the frame that expr is of; 0: of the session
	view         int
}

// maxReferences bounds the references that are kept, the oldest go first.
const maxReferences = 20_000

// references numbers values. What is in it cannot be collected, so that views end:
// the one before the last when the next begins, those of a stop with the stop.
type references struct {
	mu    sync.Mutex
	last  int
	first int // the oldest number that may be in use
	view  int
	all   map[int]reference
}

// add returns a number for r.
func (s *references) add(r reference) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[int]reference{}
	}
	s.last++
	r.view = s.view
	s.all[s.last] = r
	for ; len(s.all) > maxReferences; s.first++ {
		delete(s.all, s.first)
	}
	return s.last
}

func (s *references) get(number int) (reference, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.all[number]
	if !ok {
		return r, fmt.Errorf("the view of values number %d is over: ask for the variables again", number)
	}
	return r, nil
}

// turn begins a view of the session's variables.
func (s *references) turn() {
	s.drop(func(r reference) bool { return r.thread == 0 && r.view < s.view })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view++
}

// resumed ends what was shown of a stop.
func (s *references) resumed(thread int) {
	s.drop(func(r reference) bool { return r.thread == thread })
}

func (s *references) clear() { s.drop(func(reference) bool { return true }) }

func (s *references) drop(over func(reference) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, r := range s.all {
		if over(r) {
			delete(s.all, n)
		}
	}
}
