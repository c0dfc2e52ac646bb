package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/doc"
	"go/types"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/fabricbook/fabricbook/kernel/interp"
)

// documentation is what p says of its exported names: "Name", "Type.Method",
// "Type.Field" and "" for the package.
func documentation(p *packages.Package) map[string]interp.Doc {
	d := &documenter{pkg: p.Types, docs: map[string]interp.Doc{}, comments: comments(p)}
	d.docs[""] = interp.Doc{Signature: "package " + p.Name, Text: synopsis(p)}
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		if o := scope.Lookup(name); o.Exported() {
			d.object(name, o)
		}
	}
	return d.docs
}

type documenter struct {
	pkg      *types.Package
	docs     map[string]interp.Doc
	comments map[string]string
}

func (d *documenter) qualify(p *types.Package) string {
	if p == d.pkg {
		return ""
	}
	return p.Name()
}

func (d *documenter) object(name string, o types.Object) {
	signature := types.ObjectString(o, d.qualify)
	t, isType := o.(*types.TypeName)
	if isType {
		signature = d.typeText(name, t)
	}
	d.docs[name] = interp.Doc{Signature: signature, Text: d.comments[name]}
	if !isType {
		return
	}
	if st, ok := t.Type().Underlying().(*types.Struct); ok {
		for f := range st.Fields() {
			if f.Exported() {
				key := name + "." + f.Name()
				d.docs[key] = interp.Doc{Signature: "field " + f.Name() + " " + types.TypeString(f.Type(), d.qualify), Text: d.comments[key]}
			}
		}
	}
	recv := t.Type()
	if !types.IsInterface(recv) {
		recv = types.NewPointer(recv)
	}
	set := types.NewMethodSet(recv)
	for m := range set.Methods() {
		f := m.Obj().(*types.Func)
		if !f.Exported() {
			continue
		}
		key := name + "." + f.Name()
		d.docs[key] = interp.Doc{Signature: types.ObjectString(f, d.qualify), Text: d.comments[key]}
	}
}

// typeText is a type's declaration with its exported fields or methods.
func (d *documenter) typeText(name string, t *types.TypeName) string {
	if t.IsAlias() {
		return "type " + name + " = " + types.TypeString(types.Unalias(t.Type()), d.qualify)
	}
	var lines []string
	hidden := false
	switch u := t.Type().Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			if !f.Exported() {
				hidden = true
				continue
			}
			line := f.Name() + " " + types.TypeString(f.Type(), d.qualify)
			if f.Embedded() {
				line = types.TypeString(f.Type(), d.qualify)
			}
			lines = append(lines, line)
		}
		return block("type "+name+" struct", lines, hidden)
	case *types.Interface:
		for m := range u.Methods() {
			if m.Exported() {
				lines = append(lines, strings.TrimPrefix(types.TypeString(m.Signature(), d.qualify), "func"))
				lines[len(lines)-1] = m.Name() + lines[len(lines)-1]
			} else {
				hidden = true
			}
		}
		return block("type "+name+" interface", lines, hidden)
	default:
		return "type " + name + " " + types.TypeString(u, d.qualify)
	}
}

func block(head string, lines []string, hidden bool) string {
	if hidden {
		lines = append(lines, "// and unexported")
	}
	if len(lines) == 0 {
		return head + " {}"
	}
	return head + " {\n\t" + strings.Join(lines, "\n\t") + "\n}"
}

// comments reads the doc comments of p by key.
func comments(p *packages.Package) map[string]string {
	out := map[string]string{}
	set := func(key string, groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if text := strings.TrimSpace(g.Text()); text != "" && out[key] == "" {
				out[key] = text
			}
		}
	}
	for _, file := range p.Syntax {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				set(funcKey(decl), decl.Doc)
			case *ast.GenDecl:
				genComments(decl, set)
			}
		}
	}
	return out
}

func genComments(decl *ast.GenDecl, set func(string, ...*ast.CommentGroup)) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			for _, n := range spec.Names {
				set(n.Name, spec.Doc, spec.Comment, decl.Doc)
			}
		case *ast.TypeSpec:
			set(spec.Name.Name, spec.Doc, decl.Doc)
			var fields *ast.FieldList
			switch t := spec.Type.(type) {
			case *ast.StructType:
				fields = t.Fields
			case *ast.InterfaceType:
				fields = t.Methods
			default:
				continue
			}
			for _, f := range fields.List {
				for _, n := range f.Names {
					set(spec.Name.Name+"."+n.Name, f.Doc, f.Comment)
				}
			}
		}
	}
}

func funcKey(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

func synopsis(p *packages.Package) string {
	for _, f := range p.Syntax {
		if f.Doc != nil {
			return new(doc.Package).Synopsis(f.Doc.Text())
		}
	}
	return ""
}

// writeDocs writes the documentation of all packages, compressed JSON by path.
func writeDocs(file string, loaded []*packages.Package) error {
	all := map[string]map[string]interp.Doc{}
	for _, p := range loaded {
		all[p.PkgPath] = documentation(p)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("documentation: %w", err)
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
