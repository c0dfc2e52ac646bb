package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"
)

// printsLog and structuresLog match the functions, and methods of Logger, of
// packages log and log/slog that print.
var (
	printsLog     = regexp.MustCompile(`^((Print|Fatal|Panic)(f|ln)?|Output)$`)
	structuresLog = regexp.MustCompile(`^((Debug|Info|Warn|Error)(Context)?|Log|LogAttrs)$`)
)

// log puts its place into a call that logs.
func (w *rewriter) log(c *ast.CallExpr) {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || len(c.Args) == 0 {
		return
	}
	f, ok := w.info.Uses[sel.Sel].(*types.Func)
	if !ok || f.Pkg() == nil || !ofLogger(f) {
		return
	}
	logger, ok := w.logger(sel)
	switch {
	case !ok:
	case f.Pkg().Path() == "log" && printsLog.MatchString(f.Name()):
		w.printed(c, f, logger)
	case f.Pkg().Path() == "log/slog" && structuresLog.MatchString(f.Name()):
		w.structured(c, sel, f.Pkg(), logger)
	}
}

// ofLogger tells functions and the methods of a type Logger.
func ofLogger(f *types.Func) bool {
	recv := f.Signature().Recv()
	if recv == nil {
		return true
	}
	p, ok := recv.Type().(*types.Pointer)
	if !ok {
		return false
	}
	named, ok := p.Elem().(*types.Named)
	return ok && named.Obj().Name() == "Logger"
}

// logger is the logger that a call names, itself or by a struct that embeds it;
// the identifier nil for the standard one.
func (w *rewriter) logger(sel *ast.SelectorExpr) (logger ast.Expr, ok bool) {
	s := w.info.Selections[sel]
	if s == nil {
		return ident(sel.Sel.Pos(), "nil"), true
	}
	x, t := sel.X, s.Recv()
	switch {
	case s.Kind() != types.MethodVal || len(s.Index()) > 2:
		return nil, false
	case len(s.Index()) == 2:
		f := embeddedField(t, s.Index()[0])
		if f == nil {
			return nil, false
		}
		x, t = &ast.SelectorExpr{X: x, Sel: ident(sel.Sel.Pos(), f.Name())}, f.Type()
	}
	if _, isPointer := t.Underlying().(*types.Pointer); isPointer {
		return x, true
	}
	return &ast.UnaryExpr{OpPos: x.Pos(), Op: token.AND, X: x}, true
}

// embeddedField is the field of a struct, or of one that t points to.
func embeddedField(t types.Type, index int) *types.Var {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	if st, ok := t.Underlying().(*types.Struct); ok {
		return st.Field(index)
	}
	return nil
}

// printed turns "log.Printf(f, x)" and "logger.Printf(f, x)" into
// runtimeꞏ.Logf(logger, "Printf", "Cell [3]:5", f, x), and "log.Output(2, s)" into
// runtimeꞏ.LogOutput(log.Default(), "Output", "Cell [3]:5", 2, s): the engine gives a
// function that looks at frames no nil.
func (w *rewriter) printed(c *ast.CallExpr, f *types.Func, logger ast.Expr) {
	if _, several := w.info.Types[c.Args[0]].Type.(*types.Tuple); several {
		return
	}
	p := c.Fun.(*ast.SelectorExpr).Sel.Pos()
	at := w.fset.Position(p)
	name, method := "Log", f.Name()
	switch {
	case method == "Output":
		name = "LogOutput"
		if f.Signature().Recv() == nil {
			logger = &ast.CallExpr{Fun: &ast.SelectorExpr{X: ident(p, w.named(f.Pkg())), Sel: ident(p, "Default")}, Lparen: p, Rparen: p}
		}
	case strings.HasSuffix(method, "f"):
		name = "Logf"
	}
	c.Fun = runtimeCall(p, name).Fun
	c.Args = append([]ast.Expr{logger, text(p, method), text(p, at.Filename+":"+strconv.Itoa(at.Line))}, c.Args...)
}

// structured turns "slog.Info(m)" and "logger.Info(m)" into
// runtimeꞏ.SlogAt(logger, "Cell [3]", 5).(*slog.Logger).Info(m).
func (w *rewriter) structured(c *ast.CallExpr, sel *ast.SelectorExpr, pkg *types.Package, logger ast.Expr) {
	p := sel.Sel.Pos()
	at := w.fset.Position(p)
	line := &ast.BasicLit{ValuePos: p, Kind: token.INT, Value: strconv.Itoa(at.Line)}
	placed := &ast.TypeAssertExpr{X: runtimeCall(p, "SlogAt", logger, text(p, at.Filename), line), Lparen: p, Rparen: p,
		Type: &ast.StarExpr{Star: p, X: &ast.SelectorExpr{X: ident(p, w.named(pkg)), Sel: ident(p, "Logger")}}}
	c.Fun = &ast.SelectorExpr{X: placed, Sel: sel.Sel}
}
