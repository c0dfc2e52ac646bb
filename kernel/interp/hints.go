package interp

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// compileProblems reads the errors of the type checker, with what may help. c is
// nil for errors that came before it.
func (s *session) compileProblems(errs []types.Error, c *checked) []problem {
	if c == nil {
		c = &checked{pkg: types.NewPackage(s.pkg.Path(), s.pkg.Name()), info: newInfo()}
	}
	var out []problem
	seen := map[problem]bool{}
	for _, e := range errs {
		h := &hinter{session: s, checked: c, at: e.Pos}
		p := problem{pos: s.fset.Position(e.Pos), msg: ownNames(plain(shortened(e.Msg)))}
		h.line, _ = s.sources.line(p.pos.Filename, p.pos.Line)
		h.rest = h.line[min(max(p.pos.Column-1, 0), len(h.line)):]
		h.explain(&p)
		once := p
		if strings.HasPrefix(p.msg, "undefined: ") {
			once = problem{msg: p.msg} // where it is used first will do
		}
		if !seen[once] {
			seen[once] = true
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b problem) int { // variables are checked before statements
		return cmp.Or(cmp.Compare(a.pos.Line, b.pos.Line), cmp.Compare(a.pos.Column, b.pos.Column))
	})
	return out
}

// mostMessage bounds a message, which may quote long texts of the cell.
const mostMessage = 2000

// shortened is msg with its middle left out where it is long.
func shortened(msg string) string {
	if len(msg) <= mostMessage {
		return msg
	}
	return strings.ToValidUTF8(msg[:mostMessage/2], "") + " ... " + strings.ToValidUTF8(msg[len(msg)-mostMessage/2:], "")
}

// mainPackage matches the name that the checker has for the package of all cells,
// which no reader has heard of.
var mainPackage = regexp.MustCompile(`\bmain\.([\p{L}_])`)

// ownNames is msg with the names of types as cells write them.
func ownNames(msg string) string {
	parts := strings.Split(msg, `"`)
	for i := 0; i < len(parts); i += 2 { // not what stands in quotes
		parts[i] = mainPackage.ReplaceAllString(parts[i], "$1")
	}
	return strings.ReplaceAll(strings.Join(parts, `"`), "(package-level variable)", "(variable)")
}

// hinter finds what a reader would like to be told about one error.
type hinter struct {
	session *session
	checked *checked
	at      token.Pos
	line    string // of the source
	rest    string // of the line, from the error on
}

// explain adds to p what may help.
func (h *hinter) explain(p *problem) {
	for _, a := range advices {
		m := a.msg.FindStringSubmatch(p.msg)
		if m == nil {
			continue
		}
		near, hint := a.advise(h, m)
		if p.msg += near; hint != "" || near != "" {
			p.hint = hint
			break
		}
	}
	if m := calledName.FindStringSubmatch(p.msg); m != nil {
		if signature := h.signature(m[1]); signature != "" {
			p.more = "    " + signature
		}
	}
}

var calledName = regexp.MustCompile(`(?:arguments in call to|in argument to|in call to) ([\pL\pN_.]+)`)

// signature is how the function is declared that a cell calls name.
func (h *hinter) signature(name string) string {
	o := h.object(name)
	f, ok := o.(*types.Func)
	if !ok {
		return ""
	}
	if d, ok := h.session.docOf(f, nil); ok {
		return d.Signature
	}
	return plain(types.ObjectString(f, h.session.unqualified))
}

// object is the function that the cell calls name, "f", "p.F" or "x.M", at the error
// or nearest to it.
func (h *hinter) object(name string) types.Object {
	var found ast.Expr
	for e := range h.checked.info.Types {
		_, ok := h.usedBy(e).(*types.Func)
		if ok && (found == nil || h.nearer(e.Pos(), found.Pos())) && plain(types.ExprString(e)) == name {
			found = e
		}
	}
	o := h.usedBy(found)
	if meant, ok := h.checked.standIns[o]; ok {
		return meant
	}
	return o
}

// nearer tells whether a is nearer to the error than b: the last place before it, or
// the first one behind it.
func (h *hinter) nearer(a, b token.Pos) bool {
	if a <= h.at && b <= h.at {
		return a > b
	}
	return a < b
}

// usedBy is what the name means that e is or selects, nil where it does neither.
func (h *hinter) usedBy(e ast.Expr) types.Object {
	switch e := e.(type) {
	case *ast.Ident:
		return h.checked.info.Uses[e]
	case *ast.SelectorExpr:
		return h.checked.info.Uses[e.Sel]
	}
	return nil
}

// expression is the longest one that begins at the error, nil where none does.
func (h *hinter) expression() (longest ast.Expr) {
	for e := range h.checked.info.Types {
		if e.Pos() == h.at && (longest == nil || e.End() > longest.End()) {
			longest = e
		}
	}
	return longest
}

// unqualified writes the names of the session's types without a package.
func (s *session) unqualified(p *types.Package) string {
	if p.Path() == s.pkg.Path() {
		return ""
	}
	return p.Name()
}

// advice is what to say about a message of the type checker.
type advice struct {
	msg *regexp.Regexp
	// advise returns what goes into the message, in parentheses, and a hint.
	advise func(h *hinter, m []string) (near, hint string)
}

// say is an advice of fixed words, in which ${1} stands for what msg found.
func say(msg, words string) advice {
	re := regexp.MustCompile(msg)
	return advice{re, func(_ *hinter, m []string) (string, string) {
		hint := words
		for i, part := range m[1:] {
			hint = strings.ReplaceAll(hint, fmt.Sprintf("${%d}", i+1), part)
		}
		return "", hint
	}}
}

func find(msg string, f func(h *hinter, m []string) (near, hint string)) advice {
	return advice{regexp.MustCompile(msg), f}
}

// advices are tried in order; the first that has something to say is taken.
var advices = []advice{
	find(`^undefined: (\S+)$`, (*hinter).undefined),
	find(`^undefined: (\S+) \(but have (\w+)\)`, func(_ *hinter, m []string) (string, string) {
		return "", "names that a package gives to others begin with a capital letter: write " + m[1][:strings.LastIndex(m[1], ".")+1] + m[2]
	}),
	find(`^(.*) undefined \(type (.*) has no field or method (\w+)`, (*hinter).missingMember),
	find(`^unknown field (\w+) in struct literal of type (\S+)`, (*hinter).unknownField),
	find(`cannot use (.*) \((?:variable|value) of (?:(?:struct|interface|\w+) )?type ([\w.*\[\]]+)\) as ([\w.*\[\]]+) value`, (*hinter).wrongType),
	find(`cannot use .*\(missing method (\w+)\)`, (*hinter).missingMethod),
	say(`cannot use (\S+?\{.*\}|\S+) \(.*\(method (\w+) has pointer receiver\)`, "${2} belongs to the pointer: write &${1}"),
	say(`cannot use (".*") \(untyped string constant.*\) as \[\]string value`, "write []string{${1}}"),
	say(`cannot use (".*") \(untyped string constant.*\) as (?:int|float|uint)\w* value`, "strconv.Atoi and strconv.ParseFloat read numbers from text"),
	say(`cannot use (.*) \(untyped (?:int|float) constant.*\) as string value`, "fmt.Sprint(${1}) makes text of it"),
	say(`untyped float constant.*(?:as|to) (u?int\w*).*(?:truncated)?`, "an ${1} has no fraction: use a float64"),
	find(`cannot use (\S+) \(untyped int constant.*\) as (u?int\d*|uintptr|byte|rune) value.*overflows`, func(_ *hinter, m []string) (string, string) {
		return "", m[2] + " holds " + cmpWords(words[m[2]].text)
	}),
	find(`invalid operation: (?:(\S+) \S+ (\S+)|.*) \(mismatched types (.+) and (.+)\)`, (*hinter).mismatched),
	find(`(?:multiple-value |assignment mismatch: 1 variable but )(.*?)(?: \(value of type \((.*)\)\)| returns (\d+) values)`, (*hinter).severalValues),
	say(`^assignment mismatch: (\d+) variables? but (\d+) values?`, "there must be as many values on the right as names on the left"),
	say(`^no new variables on left side of :=`, ":= declares; to set what is there already, write ="),
	say(`^(.*) == (.*) \(untyped bool value\) is not used`, "== compares; to set ${1}, write ${1} = ${2}"),
	say(`^(?:.*) \((?:.*)\) is not used`, "only the last line of a cell may be a value alone: assign it, or give it to a function"),
	say(`^missing return`, "every way through the function must end with a return of its results"),
	find(`^too many return values\n\thave \(.*\)\n\twant \(\)`, func(h *hinter, _ []string) (string, string) {
		if strings.HasPrefix(h.line, "return") {
			return "", "a cell has no return: what stands in its last line is its result"
		}
		return "", "declare what the function returns, behind its parameters: func f() int { ... }"
	}),
	say(`^cannot call pointer method (\w+) on (\S+)`, "only what has an address has this method: put the value into a variable first, or write (&${2}{...}).${1}()"),
	say(`in struct literal of type (\S+)`, "name the fields: ${1}{Field: value, ...}; ${1}? shows them"),
	say(`^mixture of field:value and value elements`, "name all the fields, or none"),
	say(`cannot assign to struct field (.+)\[(.+)\]\.(\w+) in map`, "take it out, change it, put it back: v := ${1}[${2}]; v.${3} = ...; ${1}[${2}] = v"),
	find(`cannot assign to (\S+) \(neither addressable`, (*hinter).unassignable),
	find(`^non-boolean condition`, (*hinter).condition),
	find(`^cannot range over (\S+)`, func(*hinter, []string) (string, string) {
		return "", "range goes over slices, arrays, maps, strings, channels, integers and iterator functions; give it one of its fields"
	}),
	find(`cannot indirect`, func(h *hinter, _ []string) (string, string) {
		if strings.Contains(h.line, "**") {
			return "", "Go has no **: math.Pow(x, y), or x * x"
		}
		return "", "* goes from a pointer to what it points to; this is no pointer"
	}),
	say(`^(\w+) \(built-in\) must be called`, "write the call: ${1}(...); ${1}? shows what it does"),
	say(`^(\S+) \(type\) is not an expression`, "${1}? shows the type; ${1}{} or a conversion ${1}(x) makes a value"),
	say(`^use of package (\S+) not in selector`, "${1}? shows what is in the package; use it as ${1}.Name"),
	say(`cannot take address of (.+) \(map index`, "put it into a variable first: v := ${1}; &v"),
	say(`cannot take address of`, "put it into a variable first, and take the address of that"),
	find(`invalid argument: index -\d+`, func(h *hinter, _ []string) (string, string) {
		x := h.line[:len(h.line)-len(h.rest)]
		x = strings.TrimSuffix(x, "[")
		x = x[operandStart(x):]
		return "", fmt.Sprintf("the last element is %s[len(%s)-1]", x, x)
	}),
	say(`cannot convert (".*") \(.*\) to type error`, "write errors.New(${1}), or fmt.Errorf for values in the text"),
	find(`cannot convert (".*") \(untyped string constant\) to type int$`, func(h *hinter, m []string) (string, string) {
		if strings.HasSuffix(h.line[:len(h.line)-len(h.rest)], "[") {
			return "", "slices are indexed by numbers; where a value is, slices.Index tells; a map has such keys"
		}
		return "", ""
	}),
	say(`cannot convert (".*") \(untyped string constant\) to type (?:u?int|float)\w*`, "strconv.Atoi reads a number from text"),
	say(`use of untyped nil`, "nil alone has no type: var x *T, or var x []int"),
	say(`\(cannot refer to unexported (?:field|method) (\w+)\)`, "names with a small first letter belong to their own package alone"),
	find(`^(\w+) \(variable.*\) is not a type|^(\w+) is not a type`, func(h *hinter, m []string) (string, string) {
		if strings.Contains(h.line, "func") {
			return "", "every parameter has a type, behind its name: func f(x int, name string)"
		}
		return "", ""
	}),
	say(`^invalid recursive type`, "a value cannot hold itself: use a pointer or a slice"),
	say(`cannot infer (\w+)`, "write the types in brackets behind the name: f[int, string](...)"),
	say(`^(\S+) redeclared in this block`, "a cell can declare a name once"),
	say(`is not constant$|is not constant\)?$`, "only what is known before the cell runs is constant: use var, or :="),
	say(`^index (\d+) is out of bounds \(>= (\d+)\)`, "an array has the length that its type says: [...]T{...} counts by itself, []T{...} is a slice"),
	say(`not enough type arguments for type (\w+)`, "${1}? shows its type parameters"),
	say(`operator - not defined on .*time\.Time\)`, "times are subtracted by t.Sub(u); time.Since(t) tells how long ago t was"),
	say(`^non-name .* on left side of :=`, ":= declares names; fields and elements are set by ="),
	say(`invalid argument: .* for built-in (len|cap)`, "${1} counts the elements of slices, arrays, maps, channels, and the bytes of text"),
	say(`^operator ! not defined`, "! negates a bool"),
}

// cmpWords is text with a small first letter and no full stop.
func cmpWords(text string) string {
	text, _, _ = strings.Cut(text, ". ")
	return strings.ToLower(text[:min(1, len(text))]) + strings.TrimSuffix(text[min(1, len(text)):], ".")
}

// strangers are names of other languages, and what stands for them here.
var strangers = map[string]string{
	"None": "Go's name for nothing is nil", "null": "Go's name for nothing is nil", "NULL": "Go's name for nothing is nil", "nullptr": "Go's name for nothing is nil",
	"undefined": "Go's name for nothing is nil",
	"self":      "the receiver of a method is named in its declaration: func (s *T) Name() { ... }", "this": "the receiver of a method is named in its declaration: func (t *T) Name() { ... }",
	"console": "write fmt.Println(...)", "System": "write fmt.Println(...)", "Console": "write fmt.Println(...)", "printf": "write fmt.Printf(...)", "puts": "write fmt.Println(...)",
	"Println": "write fmt.Println(...)", "Printf": "write fmt.Printf(...)", "Sprintf": "write fmt.Sprintf(...)", "echo": "write fmt.Println(...), or $ echo ... for the shell's",
	"str": "fmt.Sprint(x) makes text of a value; the type is string", "String": "the type is string", "float": "the type is float64; float64(x) converts", "double": "the type is float64",
	"long": "the type is int64", "char": "the type is byte, or rune for a Unicode character", "boolean": "the type is bool", "Boolean": "the type is bool",
	"list": "a list is a slice: []int{1, 2}", "dict": `a dictionary is a map: map[string]int{"a": 1}`, "set": "a set is a map to bool: map[string]bool{}", "tuple": "functions return several values; else declare a struct",
	"err": "declare it where it comes from: x, err := f()", "Exception": `errors are made by errors.New("text")`, "isinstance": "v, ok := x.(T) tells whether x is a T", "enumerate": "write for i, x := range list {",
	"input": "write fmt.Scanln(&x)", "open": "os.Open reads a file, os.Create writes one, os.ReadFile reads it whole", "sleep": "write time.Sleep(time.Second)", "exit": "a cell ends by itself; os.Exit ends it early",
	"sorted": "write slices.Sort(list)", "sum": "add in a loop: for _, x := range list { sum += x }", "abs": "write math.Abs(x)", "sqrt": "write math.Sqrt(x)", "pow": "write math.Pow(x, y)",
}

// undefined tells of a name that nobody knows.
func (h *hinter) undefined(m []string) (near, hint string) {
	s, name := h.session, m[1]
	if pkg, member, qualified := strings.Cut(name, "."); qualified {
		return didYouMean(member, s.members(pkg, h.checked)), ""
	}
	member := memberOf.FindStringSubmatch(h.rest)
	if paths := s.packagesNamed(name); len(paths) > 0 && (member != nil || !isCallee.MatchString(h.rest)) {
		return h.missingImport(paths, member), ""
	}
	if hint, ok := strangers[name]; ok {
		return "", hint
	}
	if near := didYouMean(name, s.visible(h.checked)); near != "" {
		return near, ""
	}
	if isSet.MatchString(h.rest) {
		return "", "= sets what is declared already; to declare it, write :=, or run the cell that does"
	}
	if strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(h.line), "!")) == h.rest && member == nil && !isCallee.MatchString(h.rest) {
		if _, err := exec.LookPath(name); err == nil {
			return "", "shell commands begin with $: $ " + h.rest
		}
	}
	for _, path := range s.paths { // the last: it may be a package that the cell names otherwise
		if member != nil && strings.EqualFold(s.nameOfPath(path), name) {
			return h.missingImport([]string{path}, nil), ""
		}
	}
	if member != nil {
		var packages []string
		for _, path := range s.paths {
			packages = append(packages, s.nameOfPath(path))
		}
		if near := didYouMean(name, packages); near != "" {
			return near, ""
		}
	}
	return "", "no cell that ran in this session declares " + name + ": run the one that does"
}

var (
	memberOf = regexp.MustCompile(`^[\pL\pN_]+\.([\pL\pN_]+)`)
	isSet    = regexp.MustCompile(`^[\pL\pN_]+\s*(,\s*[\pL\pN_]+\s*)*=[^=]`)
	isCallee = regexp.MustCompile(`^[\pL\pN_]+\(`)
)

// missingImport names the packages that have what the cell uses, or else all.
func (h *hinter) missingImport(paths []string, member []string) string {
	having := paths
	if member != nil {
		having = slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
			p, err := h.session.importPackage(path)
			return err != nil || p.Scope().Lookup(member[1]) == nil
		})
	}
	if len(having) == 0 {
		having = paths
	}
	quoted := make([]string, len(having))
	for i, p := range having {
		quoted[i] = fmt.Sprintf("import %q", p)
	}
	return " (missing: " + strings.Join(quoted, ", or ") + ")"
}

// instead tells what does to slices, maps and strings what methods do elsewhere.
var instead = map[string]string{
	"append": "%[1]s = append(%[1]s, x)", "push": "%[1]s = append(%[1]s, x)", "add": "%[1]s = append(%[1]s, x)", "extend": "%[1]s = append(%[1]s, more...)",
	"length": "len(%[1]s)", "len": "len(%[1]s)", "size": "len(%[1]s)", "count": "len(%[1]s)", "Len": "len(%[1]s)", "Length": "len(%[1]s)",
	"pop": "last := %[1]s[len(%[1]s)-1]; %[1]s = %[1]s[:len(%[1]s)-1]", "remove": "%[1]s = slices.Delete(%[1]s, i, i+1)", "insert": "%[1]s = slices.Insert(%[1]s, i, x)",
	"sort": "slices.Sort(%[1]s)", "reverse": "slices.Reverse(%[1]s)", "index": "slices.Index(%[1]s, x)", "contains": "slices.Contains(%[1]s, x)", "includes": "slices.Contains(%[1]s, x)",
	"map": "for i, x := range %[1]s { ... }", "forEach": "for i, x := range %[1]s { ... }", "join": `strings.Join(%[1]s, ", ")`,
}

var insteadOfMap = map[string]string{
	"keys": "slices.Sorted(maps.Keys(%[1]s))", "Keys": "slices.Sorted(maps.Keys(%[1]s))", "values": "maps.Values(%[1]s)", "items": "for key, value := range %[1]s { ... }",
	"get": "value, found := %[1]s[key]", "has": "_, found := %[1]s[key]", "contains": "_, found := %[1]s[key]", "has_key": "_, found := %[1]s[key]",
	"remove": "delete(%[1]s, key)", "pop": "delete(%[1]s, key)", "length": "len(%[1]s)", "len": "len(%[1]s)", "size": "len(%[1]s)",
}

// missingMember tells of x.name where x has none.
func (h *hinter) missingMember(m []string) (near, hint string) {
	x, t, name := m[1], m[2], m[3]
	x = strings.TrimSuffix(x, "."+name)
	if later := h.session.laterMember(t, name); later != "" {
		return "", later
	}
	if near := didYouMean(name, h.session.selectable(x, h.checked)); near != "" {
		return near, ""
	}
	write := ""
	switch {
	case strings.HasPrefix(t, "map["):
		if write = insteadOfMap[name]; write == "" && strings.HasPrefix(t, "map[string]") {
			return "", fmt.Sprintf("the entries of a map are %s[%q]", x, name)
		}
	case strings.HasPrefix(t, "[]"):
		write = instead[name]
	case t == "any" || t == "interface{}":
		return "", fmt.Sprintf("what it holds has fields and methods: %s.(T).%s, where T is its type", x, name)
	case t == "string" || t == "untyped string":
		if p, err := h.session.importPackage("strings"); err == nil {
			for _, f := range exported(p) {
				if lower := strings.ToLower(f); strings.EqualFold(f, name) || lower == "to"+name || lower == "trimspace" && name == "strip" || lower == "hasprefix" && name == "startswith" || lower == "hassuffix" && name == "endswith" {
					return "", "text has no methods: strings." + f + "(" + x + ")"
				}
			}
		}
		if strings.EqualFold(name, "length") || strings.EqualFold(name, "len") {
			write = "len(%[1]s)"
		}
	}
	if write == "" {
		if simpleName.MatchString(x) {
			return "", fmt.Sprintf("%s? shows what it has", x)
		}
		return "", ""
	}
	return "", "write " + fmt.Sprintf(write, x)
}

var simpleName = regexp.MustCompile(`^[\pL\pN_.]+$`)

// unknownField names the nearest field of a struct.
func (h *hinter) unknownField(m []string) (near, hint string) {
	t := h.typeNamed(m[2])
	if t == nil {
		return "", ""
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return "", ""
	}
	var names []string
	for f := range st.Fields() {
		names = append(names, f.Name())
	}
	if near := didYouMean(m[1], names); near != "" {
		return near, ""
	}
	return "", "its fields are " + strings.Join(names, ", ")
}

// typeNamed is the type that a message calls name.
func (h *hinter) typeNamed(name string) types.Type {
	pkg, member, qualified := strings.Cut(name, ".")
	var o types.Object
	if qualified {
		for _, p := range h.checked.pkg.Imports() {
			if p.Name() == pkg {
				o = p.Scope().Lookup(member)
			}
		}
		if p, ok := h.checked.pkg.Scope().Lookup(pkg).(*types.PkgName); ok && o == nil {
			o = p.Imported().Scope().Lookup(member)
		}
	} else if o = h.checked.pkg.Scope().Lookup(name); o == nil {
		o = h.session.names[name].object
	}
	if o == nil && name == "error" {
		o = types.Universe.Lookup(name)
	}
	if t, ok := o.(*types.TypeName); ok {
		return t.Type()
	}
	return nil
}

var numeric = regexp.MustCompile(`^(u?int\d*|float\d+|byte|rune|uintptr)$`)

// wrongType tells how a value of one type becomes one of another.
func (h *hinter) wrongType(m []string) (near, hint string) {
	x, have, want := m[1], m[2], m[3]
	switch {
	case have == want:
		return fmt.Sprintf(" (the type %s was declared again since: run the cell of the older use again)", have), ""
	case have == "[]"+want:
		return "", "write " + x + "... to give its elements one by one"
	case want == "[]"+have:
		return "", fmt.Sprintf("write %s{%s}", want, x)
	case have == "*"+want:
		return "", "write *" + x + " for what the pointer points to"
	case want == "*"+have:
		return "", "write &" + x + " for its address"
	case numeric.MatchString(have) && numeric.MatchString(want):
		return "", fmt.Sprintf("write %s(%s)", want, x)
	case numeric.MatchString(have) && want == "string":
		return "", fmt.Sprintf("write fmt.Sprint(%s)", x)
	case have == "string" && numeric.MatchString(want):
		return "", fmt.Sprintf("write n, err := strconv.Atoi(%s)", x)
	case have == "[]byte" && want == "string", have == "string" && want == "[]byte":
		return "", fmt.Sprintf("write %s(%s)", want, x)
	case have == "any" || strings.HasPrefix(have, "interface"):
		return "", fmt.Sprintf("write %s.(%s)", x, want)
	}
	return "", ""
}

var wantedInterface = regexp.MustCompile(`does not implement ([\w.]+) \(`)

// missingMethod shows the method that an interface asks for.
func (h *hinter) missingMethod(m []string) (near, hint string) {
	name := ""
	if found := wantedInterface.FindStringSubmatch(m[0]); found != nil {
		name = found[1]
	}
	t := h.typeNamed(name)
	if t == nil {
		return "", ""
	}
	o, _, _ := types.LookupFieldOrMethod(t, false, h.session.pkg, m[1])
	f, ok := o.(*types.Func)
	if !ok {
		return "", ""
	}
	return "", name + " asks for the method " + m[1] + strings.TrimPrefix(types.TypeString(f.Type(), h.session.unqualified), "func")
}

// mismatched tells how two operands become of one type.
func (h *hinter) mismatched(m []string) (near, hint string) {
	x, y, a, b := cmp.Or(m[1], "x"), cmp.Or(m[2], "x"), m[3], m[4]
	text := func(t string) bool { return t == "string" || t == "untyped string" }
	switch {
	case a == b:
		return fmt.Sprintf(" (the type %s was declared again since: run the cell of the older use again)", a), ""
	case (text(a) || text(b)) && strings.Contains(m[0], " * "):
		return "", "text is repeated by strings.Repeat(text, n)"
	case text(a) && !text(b):
		return "", "make text of the other: fmt.Sprint(" + y + ")"
	case text(b) && !text(a):
		return "", "make text of the other: fmt.Sprint(" + x + ")"
	case numeric.MatchString(a) && numeric.MatchString(b):
		if strings.HasPrefix(b, "float") && !strings.HasPrefix(a, "float") {
			return "", "Go converts no numbers by itself: write " + b + "(" + x + ")"
		}
		return "", "Go converts no numbers by itself: write " + a + "(" + y + ")"
	case a == "time.Duration" || b == "time.Duration":
		return "", "a duration is multiplied by one: time.Duration(n) * time.Second"
	}
	return "", ""
}

// severalValues tells how to take all results of a call.
func (h *hinter) severalValues(m []string) (near, hint string) {
	call := m[1]
	name, _, _ := strings.Cut(call, "(")
	f, ok := h.object(name).(*types.Func)
	if !ok {
		return "", "take every result, with _ for those that are not wanted: a, b := " + call
	}
	var names []string
	for v := range f.Signature().Results().Variables() {
		switch {
		case v.Name() != "" && v.Name() != "_":
			names = append(names, v.Name())
		case types.TypeString(v.Type(), nil) == "error":
			names = append(names, "err")
		case types.TypeString(v.Type(), nil) == "bool":
			names = append(names, "ok")
		default:
			names = append(names, string(rune('a'+len(names))))
		}
	}
	if !strings.Contains(call, "(") {
		call += "(...)"
	}
	return "", "take every result, with _ for those that are not wanted: " + strings.Join(names, ", ") + " := " + call
}

// unassignable tells why a name cannot be set.
func (h *hinter) unassignable(m []string) (near, hint string) {
	switch h.usedBy(h.expression()).(type) {
	case *types.Func:
		return "", m[1] + " is a function, not a variable"
	case *types.Const:
		return "", m[1] + " is a constant"
	}
	if strings.Contains(m[1], "[") {
		return "", "the bytes of a text cannot be set: b := []byte(text), and string(b) at the end"
	}
	return "", ""
}

// condition tells how a value becomes a condition.
func (h *hinter) condition([]string) (near, hint string) {
	e := h.expression()
	if e == nil {
		return "", ""
	}
	x := types.ExprString(e)
	switch t := under(h.checked.info.TypeOf(e)).(type) {
	case *types.Basic:
		if t.Info()&types.IsNumeric != 0 {
			return "", "a condition is a bool: " + x + " != 0"
		}
		return "", "a condition is a bool: " + x + ` != ""`
	case *types.Slice, *types.Map:
		return "", "a condition is a bool: len(" + x + ") > 0"
	case *types.Pointer, *types.Interface, *types.Signature, *types.Chan:
		return "", "a condition is a bool: " + x + " != nil"
	}
	return "", ""
}
