package interp_test

import "testing"

// TestResultsOfGoroutines calls functions with several results on many goroutines at once.
func TestResultsOfGoroutines(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("errors"; "fmt"; "sync"; "sync/atomic")
func double(i int) (int, int) { return i, 2 * i }
func failed(i int) (n int, err error) {
	defer func() { err = errors.New(recover().(string)) }()
	n = i
	panic(fmt.Sprint(i))
}
type pair struct{ a int }
func (p pair) double(add int) (int, string, int) { return p.a, "p", 2*p.a + add }`)
	for _, code := range []string{
		`a, b := double(i); return a == i && b == 2*i`,
		`n, err := failed(i); return n == i && err.Error() == fmt.Sprint(i)`,
		`var d interface{ double(int) (int, string, int) } = pair{i}; a, p, b := d.double(1); return a == i && p == "p" && b == 2*i+1`,
		`f := func(j int) (int, []int) { return i + j, []int{i, j} }; a, b := f(3); return a == i+3 && b[0] == i && b[1] == 3`,
	} {
		got := s.ok(`var wrong atomic.Int64
func() {
	var all sync.WaitGroup
	holds := func(i int) bool { ` + code + ` }
	for g := range 16 {
		all.Go(func() {
			for i := range 2000 {
				if !holds(g*10000 + i) { wrong.Add(1) }
			}
		})
	}
	all.Wait()
}()
wrong.Load()`)
		if got != "0" {
			t.Errorf("%s\n\tis wrong %s times", code, got)
		}
	}
}
