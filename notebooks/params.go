package notebooks

import (
	"fmt"
	"go/token"
	"go/types"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ParamType says what a parameter's text must be and which Go type it becomes.
type ParamType string

// Types of parameters. Those after Bool become Go strings in their canonical
// spelling, checked.
const (
	String   ParamType = "string"
	Int      ParamType = "int"     // 64 bits, decimal or with 0x, 0o, 0b
	Float    ParamType = "float64" // finite
	Bool     ParamType = "bool"    // true or false
	Addr     ParamType = "addr"    // netip.Addr
	Prefix   ParamType = "prefix"  // netip.Prefix
	Duration ParamType = "duration"
	Time     ParamType = "time" // RFC 3339
)

// ParamTypes lists every type, in the order of documentation.
func ParamTypes() []ParamType {
	return []ParamType{String, Int, Float, Bool, Addr, Prefix, Duration, Time}
}

// Go is the Go type of the variable, empty for an unknown type.
func (t ParamType) Go() string {
	switch t {
	case Int, Float, Bool:
		return string(t)
	case String, Addr, Prefix, Duration, Time:
		return "string"
	}
	return ""
}

// Param is one parameter as text from outside. Nothing in it is trusted.
type Param struct {
	Name  string
	Type  ParamType
	Value string
}

// Literal is the parameter's value as a Go literal of Type.Go(), or an error if
// the text is not of that type. Whatever the text holds, the literal is one
// expression on one line.
func (p Param) Literal() (string, error) {
	lit, err := literal(p.Type, p.Value)
	if err != nil {
		return "", fmt.Errorf("parameter %q: %w", p.Name, err)
	}
	return lit, nil
}

func literal(t ParamType, value string) (string, error) {
	wrong := func(want string) (string, error) {
		return "", fmt.Errorf("%s is not %s", excerpt(value), want)
	}
	text := strings.TrimSpace(value)
	switch t {
	case String:
		return strconv.Quote(value), nil
	case Int:
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			return wrong("an integer of 64 bits, for example 22")
		}
		return strconv.FormatInt(n, 10), nil
	case Float:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return wrong("a finite number, for example 0.5")
		}
		return strconv.FormatFloat(f, 'g', -1, 64), nil
	case Bool:
		if text != "true" && text != "false" {
			return wrong("true or false")
		}
		return text, nil
	case Addr:
		a, err := netip.ParseAddr(text)
		if err != nil {
			return wrong("an IP address, for example 10.0.11.3")
		}
		return strconv.Quote(a.String()), nil
	case Prefix:
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return wrong("a prefix, for example 10.0.11.0/24")
		}
		return strconv.Quote(p.String()), nil
	case Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return wrong("a duration, for example 5m")
		}
		return strconv.Quote(d.String()), nil
	case Time:
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return wrong("a time, for example 2026-01-31T08:00:00Z")
		}
		return strconv.Quote(at.UTC().Format(time.RFC3339Nano)), nil
	}
	return "", fmt.Errorf("type %q is unknown; choose one of %s", string(t), typeList())
}

func typeList() string {
	var names []string
	for _, t := range ParamTypes() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// excerpt quotes text for an error message, cut to what a line can hold.
func excerpt(s string) string {
	const most = 60
	if len(s) <= most {
		return strconv.Quote(s)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "..."
}

// CheckName reports why name cannot be a parameter: it must be a Go identifier
// that is not a keyword, a predeclared name, init, main or _.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a parameter needs a name")
	case token.IsKeyword(name):
		return fmt.Errorf("parameter %q: the name is a Go keyword; choose another, for example %q", name, name+"_")
	case types.Universe.Lookup(name) != nil || name == "init" || name == "main" || name == "_":
		return fmt.Errorf("parameter %q: the name has a meaning in Go; choose another, for example %q", name, Identifier(name))
	case !token.IsIdentifier(name):
		return fmt.Errorf("parameter %s: the name is not a Go identifier; choose letters, digits and _, for example %q", excerpt(name), Identifier(name))
	}
	return nil
}

// Identifier maps any text, such as a label's name, to a name that CheckName
// accepts: what is no letter, digit or _ becomes _, a leading digit or a name
// that Go has taken gets a _. Different texts may map to one name.
func Identifier(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '_', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
		case '0' <= r && r <= '9':
			b.WriteByte('_')
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	name := b.String()
	for name == "" || name == "_" || name == "init" || name == "main" || token.IsKeyword(name) || types.Universe.Lookup(name) != nil {
		name += "_"
	}
	return name
}
