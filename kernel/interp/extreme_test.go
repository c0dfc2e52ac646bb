package interp_test

import "testing"

// TestExtremes takes min and max of numbers that do not compare as others do.
func TestExtremes(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "math")
func first(a, b int) (int, int) { return min(b, a), max(b, a) }
func firstOf(a, b string) (string, string) { return min(b, a), max(b, a) }
func three(a, b, c int8) (int8, int8) { return min(c, b, a), max(c, b, a) }
nan, minus, zero := math.NaN(), math.Copysign(0, -1), 0.0
type celsius float32
func least[T ~float32 | ~float64 | ~uintptr](a, b T) T { return min(a, b) }`)
	for code, want := range map[string]string{
		`first(1, 2)`:                     "1 2",
		`first(2, 1)`:                     "1 2",
		`firstOf("a", "b")`:               "a b",
		`firstOf("b", "a")`:               "a b",
		`three(1, 2, 3)`:                  "1 3",
		`three(3, -1, 2)`:                 "-1 3",
		`min(7, uint16(len("abc")), 255)`: "3",
		`fmt.Sprint(min(nan, 1), min(1, nan), max(1, nan), max(nan, 1), min(2, nan, 1))`:        "NaN NaN NaN NaN NaN",
		`fmt.Sprint(1/min(zero, minus), 1/min(minus, zero), 1/max(minus, zero), max(0, minus))`: "-Inf -Inf +Inf 0",
		`fmt.Sprint(min(1.5, zero, 3), max(zero, 2.5), least(minus, zero))`:                     "0 2.5 -0",
		`fmt.Sprintf("%T %v", max(celsius(nan), 1), least(celsius(2), 1))`:                      "main.celsius 1",
		`u, v := uintptr(1), uintptr(2); fmt.Sprint(min(v, u), max(u, v), least(v, u))`:         "1 2 1",
	} {
		if got := s.ok(code); got != want {
			t.Errorf("%s\n\tis %s, want %s", code, got, want)
		}
	}
}
