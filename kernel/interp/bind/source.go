package main

import (
	"bytes"
	"fmt"
	"go/constant"
	"go/types"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// binding collects the entries of one generated interp.Package, as source lines.
type binding struct {
	types, aliases, vars, funcs, consts []string
	uses                                bool // mentions the package itself
}

// source is the generated file that binds p.
func source(name string, p *packages.Package) []byte {
	c := collect(p)
	imports := []string{}
	if len(c.types)+len(c.aliases) > 0 || strings.Contains(strings.Join(c.consts, ""), "reflect.") {
		imports = append(imports, `"reflect"`)
	}
	if c.uses {
		imports = append(imports, "", "q "+strconv.Quote(p.PkgPath))
	}
	var b bytes.Buffer
	qualifier := header(&b, name, imports)
	fmt.Fprintf(&b, "func %s() *%sPackage {\n\treturn &%sPackage{\n\t\tPath: %q,\n\t\tName: %q,\n", bindingName(p.PkgPath), qualifier, qualifier, p.PkgPath, p.Name)
	fmt.Fprintf(&b, "\t\tContents: func() *%sContents {\n\treturn &%sContents{\n", qualifier, qualifier)
	section(&b, "Imports", "string", oddNames(p))
	section(&b, "Types", "reflect.Type", c.types)
	section(&b, "Aliases", "reflect.Type", c.aliases)
	section(&b, "Vars", "any", c.vars)
	section(&b, "Funcs", "any", c.funcs)
	section(&b, "Consts", qualifier+"Const", c.consts)
	fmt.Fprintf(&b, "}\n},\n\t\tDocs: func() map[string]%sDoc {\n\treturn map[string]%sDoc{\n", qualifier, qualifier)
	all := documentation(p)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%q: {Signature: %q, Text: %q},\n", key, all[key].Signature, all[key].Text)
	}
	b.WriteString("\t\t}\n},\n}\n}\n")
	return b.Bytes()
}

func section(b *bytes.Buffer, field, value string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\t\t%s: map[string]%s{\n", field, value)
	for _, l := range lines {
		fmt.Fprintf(b, "\t\t\t%s,\n", l)
	}
	b.WriteString("\t\t},\n")
}

// collect goes through the exported names of p, sorted.
func collect(p *packages.Package) *binding {
	c := &binding{}
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		o := scope.Lookup(name)
		if !o.Exported() {
			continue
		}
		if why := unbindable(o); why != "" {
			fmt.Fprintf(os.Stderr, "bind: %s.%s left out: %s\n", p.PkgPath, name, why)
			continue
		}
		c.add(name, o)
	}
	return c
}

// unbindable tells why o cannot be a value of a compiled program, if it cannot.
func unbindable(o types.Object) string {
	switch o := o.(type) {
	case *types.Func:
		if o.Signature().TypeParams().Len() > 0 {
			return "generic function"
		}
	case *types.TypeName:
		switch t := o.Type().(type) {
		case *types.Named:
			if t.TypeParams().Len() > 0 {
				return "generic type"
			}
		case *types.Alias:
			if t.TypeParams().Len() > 0 {
				return "generic alias"
			}
		}
		if i, ok := o.Type().Underlying().(*types.Interface); ok && !i.IsMethodSet() {
			return "constraint"
		}
	}
	return ""
}

func (c *binding) add(name string, o types.Object) {
	switch o := o.(type) {
	case *types.TypeName:
		entry := fmt.Sprintf("%q: reflect.TypeFor[q.%s]()", name, name)
		if o.IsAlias() {
			c.aliases = append(c.aliases, entry)
		} else {
			c.types = append(c.types, entry)
		}
	case *types.Var:
		c.vars = append(c.vars, fmt.Sprintf("%q: &q.%s", name, name))
	case *types.Func:
		c.funcs = append(c.funcs, fmt.Sprintf("%q: q.%s", name, name))
	case *types.Const:
		value := exact(o.Val())
		if b, ok := o.Type().(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
			c.consts = append(c.consts, fmt.Sprintf("%q: {Kind: %q, Value: %q}", name, b.Name(), value))
			return
		}
		c.consts = append(c.consts, fmt.Sprintf("%q: {Type: reflect.TypeOf(q.%s), Value: %q}", name, name, value))
	}
	c.uses = true
}

// exact is a constant's value as interp reads it.
func exact(v constant.Value) string {
	if v.Kind() == constant.Float {
		if f, ok := constant.Float64Val(v); ok || f != 0 {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
	return v.ExactString()
}

// oddNames lists the packages among p's imports whose name is not the last part
// of their path: nobody could guess it.
func oddNames(p *packages.Package) []string {
	var out []string
	for _, imported := range p.Types.Imports() {
		if imported.Name() != path.Base(imported.Path()) {
			out = append(out, fmt.Sprintf("%q: %q", imported.Path(), imported.Name()))
		}
	}
	slices.Sort(out)
	return out
}
