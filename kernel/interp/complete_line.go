package interp

import (
	"cmp"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

var importLine = regexp.MustCompile(`(?m)(?:^|import\s|;|\()\s*(?:[\w.]+\s+)?"([\w./-]*)$`)

// completeImport proposes paths if cursor stands in one: those that begin with what
// is there, then those of which a later element does.
func (e *Engine) completeImport(code string, cursor int) (engine.Completions, bool) {
	m := importLine.FindStringSubmatchIndex(code[:cursor])
	if m == nil || !inImport(code, cursor) {
		return engine.Completions{}, false
	}
	c := engine.Completions{Start: m[2], End: cursor}
	for c.End < len(code) && strings.IndexByte("\"\n;)", code[c.End]) < 0 {
		c.End++
	}
	typed := code[m[2]:cursor]
	var inner []engine.Completion
	for _, p := range e.session.paths { // set once, before any cell
		item := engine.Completion{Text: p, Type: "module", Signature: e.session.synopsis(p)}
		if strings.HasPrefix(p, typed) {
			c.Items = append(c.Items, item)
		} else if strings.Contains(p, "/"+typed) {
			inner = append(inner, item)
		}
	}
	c.Items = append(c.Items, inner...)
	return c, true
}

// inImport tells whether cursor stands in an import declaration.
func inImport(code string, cursor int) bool {
	return slices.ContainsFunc(split(code), func(it item) bool { return it.kind == importing && it.start < cursor && cursor <= it.end+1 })
}

// synopsis is the first sentence of what a package says of itself, as far as that
// is at hand.
func (s *session) synopsis(path string) string {
	d, _ := s.docs.of(path, "")
	first, _, _ := strings.Cut(d.Text, "\n\n")
	first = strings.Join(strings.Fields(first), " ")
	if i := strings.Index(first, ". "); i > 0 {
		first = first[:i+1]
	}
	return first
}

// nameOfPath is the name of the package at a path that cells can import.
func (s *session) nameOfPath(p string) string {
	if own, ok := s.docs.names[p]; ok {
		return own
	}
	name := path.Base(p)
	if version.MatchString(name) {
		name = path.Base(path.Dir(p))
	}
	return name
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// packagesNamed are the paths of packages with a name, the shortest first.
func (s *session) packagesNamed(name string) (paths []string) {
	for _, p := range s.paths {
		if s.nameOfPath(p) == name {
			paths = append(paths, p)
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	return paths
}

// completeCommand proposes what can stand at cursor in the line that begins at
// start and is no Go.
func completeCommand(code string, start, cursor int) engine.Completions {
	line := code[start:cursor]
	if line[0] == '$' {
		return completeShell(line, cursor)
	}
	name, arg, hasArg := strings.Cut(line, " ")
	c := engine.Completions{Start: start, End: cursor}
	if !hasArg {
		for c.End < len(code) && isWord(rune(code[c.End])) {
			c.End++
		}
		for _, s := range specials {
			if strings.HasPrefix(s.name, name) {
				c.Items = append(c.Items, engine.Completion{Text: s.name, Type: "magic", Signature: strings.TrimSpace(s.args + "  " + s.help)})
			}
		}
		return c
	}
	c.Start = cursor - len(strings.TrimLeft(arg, " "))
	for _, s := range specials {
		if s.name == name && s.complete != nil {
			c.Items = s.complete(code[c.Start:cursor])
		}
	}
	return c
}

// completeShell proposes programs and files for the word at the end of a "$" line.
func completeShell(line string, cursor int) engine.Completions {
	begin := 1
	for i := begin; i < len(line); i++ {
		switch {
		case line[i] == '\\':
			i++
		case strings.IndexByte(" \t;|&()<>=`\"'", line[i]) >= 0:
			begin = i + 1
		}
	}
	begin = min(begin, len(line))
	word := line[begin:]
	c := engine.Completions{Start: cursor - len(word), End: cursor}
	before := strings.TrimRight(line[1:begin], " \t")
	switch {
	case strings.HasPrefix(word, "$"):
		for _, item := range completeVariable(word[1:]) {
			item.Text = "$" + item.Text
			c.Items = append(c.Items, item)
		}
	case !strings.Contains(word, "/") && (before == "" || strings.IndexByte(";|&(`", before[len(before)-1]) >= 0):
		c.Items = programs(word)
	default:
		c.Items = completeFile(word, false, shellFiles)
	}
	return c
}

// mostFiles bounds how many programs or files are proposed.
const mostFiles = 500

var shellWords = []string{"cd", "echo", "exit", "export", "for", "if", "read", "set", "test", "trap", "ulimit", "umask", "unset", "wait", "while"}

// programs lists what the shell can run by a name that begins with prefix.
func programs(prefix string) (items []engine.Completion) {
	found := map[string]bool{}
	for _, w := range shellWords {
		found[w] = strings.HasPrefix(w, prefix)
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, _ := os.ReadDir(dir) // what cannot be read offers nothing
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), prefix) && !found[e.Name()] {
				_, err := exec.LookPath(filepath.Join(dir, e.Name()))
				found[e.Name()] = err == nil
			}
		}
	}
	for name, ok := range found {
		if ok {
			items = append(items, engine.Completion{Text: name, Type: "program"})
		}
	}
	return sorted(items)
}

// completeFile lists files whose path begins with prefix, written as in names.
func completeFile(prefix string, foldersOnly bool, names naming) (items []engine.Completion) {
	dir, base := path.Split(prefix)
	folder := names.read.Replace(dir)
	if rest, ok := strings.CutPrefix(folder, "~/"); ok {
		home, _ := os.UserHomeDir() // without one, there is no such folder
		folder = filepath.Join(home, rest)
	}
	entries, _ := os.ReadDir(cmp.Or(folder, ".")) // what cannot be read offers nothing
	base = names.read.Replace(base)
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || name[0] == '.' && base == "" {
			continue
		}
		item := engine.Completion{Text: dir + names.write.Replace(name), Type: "file"}
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.IsDir() {
			item.Text, item.Type = item.Text+"/", "folder"
		} else if foldersOnly {
			continue
		}
		items = append(items, item)
	}
	return sorted(items)
}

// completeFolder lists folders for a "%" line.
func completeFolder(prefix string) []engine.Completion { return completeFile(prefix, true, plainFiles) }

// naming is how the names of files are written.
type naming struct{ read, write *strings.Replacer }

var (
	plainFiles = naming{strings.NewReplacer(), strings.NewReplacer()}
	shellFiles = naming{
		strings.NewReplacer(`\ `, " ", `\'`, "'", `\"`, `"`, `\&`, "&", `\(`, "(", `\)`, ")", `\;`, ";", `\$`, "$"),
		strings.NewReplacer(" ", `\ `, "'", `\'`, `"`, `\"`, "&", `\&`, "(", `\(`, ")", `\)`, ";", `\;`, "$", `\$`),
	}
)

// completeVariable lists names of the environment.
func completeVariable(prefix string) (items []engine.Completion) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, prefix) {
			items = append(items, engine.Completion{Text: name, Type: "variable"})
		}
	}
	return sorted(items)
}

func sorted(items []engine.Completion) []engine.Completion {
	slices.SortFunc(items, func(a, b engine.Completion) int { return strings.Compare(a.Text, b.Text) })
	return items[:min(len(items), mostFiles)]
}
