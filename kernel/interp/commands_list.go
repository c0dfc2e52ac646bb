package interp

import (
	"cmp"
	"fmt"
	"go/types"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/display"
)

// variableRow is a line of the table of variables.
type variableRow struct{ Name, Type, Size, Value, Cell string }

const (
	rowValue = 60 // characters of a value in the table
	rowType  = 40 // of a type
)

// listVariables shows the session's variables as a table, sorted by name.
func listVariables(e *Engine, t *task, part string) error {
	rows := e.variableRows(part)
	if len(rows) == 0 {
		text := "there are no variables yet"
		if part != "" {
			text = fmt.Sprintf("no variable's name holds %q", part)
		}
		e.out.write(t.cell, "stdout", text+"\n")
		return nil
	}
	e.publish(t.cell, display.Publication{Bundle: display.Table(rows).WithText(aligned(rows))})
	return nil
}

func (e *Engine) variableRows(part string) (rows []variableRow) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, alone := e.session, e.alone()
	for name, m := range s.names {
		v, ok := m.object.(*types.Var)
		if !ok || s.address[v] == nil || !strings.Contains(strings.ToLower(name), strings.ToLower(part)) {
			continue
		}
		row := variableRow{Name: name, Type: ellipsis(plain(types.TypeString(v.Type(), s.unqualified)), rowType)}
		if at := s.fset.Position(v.Pos()); strings.HasPrefix(at.Filename, cellPrefix) {
			row.Cell = strings.TrimSuffix(strings.TrimPrefix(at.Filename, cellPrefix), "]")
		}
		if value := reflect.ValueOf(s.address[v]).Elem(); alone || isPlain(value.Kind()) {
			row.Size, row.Value = size(value), brief(value, rowValue)
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b variableRow) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

// alone tells whether the calling goroutine is the only one that runs code of
// cells, so that it can read what variables hold. e.mu is held: no cell can begin.
func (e *Engine) alone() bool {
	return e.tasks.awake(2) < 2 && e.busy.Load() < 2
}

// isPlain tells values that are read at one go, whoever writes them.
func isPlain(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Float64
}

// aligned is the table for consoles.
func aligned(rows []variableRow) string {
	cells := [][]string{{"Name", "Type", "Size", "Value", "Cell"}}
	for _, r := range rows {
		cells = append(cells, []string{r.Name, r.Type, r.Size, r.Value, r.Cell})
	}
	widths := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, c := range row {
			widths[i] = max(widths[i], len(below(c)))
		}
	}
	var b strings.Builder
	for _, row := range cells {
		line := ""
		for i, c := range row {
			line += c + strings.Repeat(" ", widths[i]-len(below(c))+2)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// hiddenName matches variables of the environment whose value is nobody's business.
var hiddenName = regexp.MustCompile(`(?i)token|secret|passw|credential|_key$|^key`)

// environment lists the environment, prints one variable of it, or sets it.
func environment(e *Engine, t *task, arg string) error {
	name, value, set := strings.Cut(arg, "=")
	if name = strings.TrimSpace(name); !set {
		if first, rest, ok := strings.Cut(arg, " "); ok {
			name, value, set = first, strings.TrimSpace(rest), true
		}
	}
	switch {
	case set:
		if err := os.Setenv(name, strings.Trim(strings.TrimSpace(value), `"'`)); err != nil {
			return fmt.Errorf("%%env %s: %w", name, err)
		}
	case name != "":
		value, ok := os.LookupEnv(name)
		if !ok {
			return fmt.Errorf("%%env: there is no variable %s%s", name, didYouMean(name, environmentNames()))
		}
		e.out.write(t.cell, "stdout", value+"\n")
	default:
		for _, name := range environmentNames() {
			value := os.Getenv(name)
			if hiddenName.MatchString(name) {
				value = "(hidden: %env " + name + " prints it)"
			}
			e.out.write(t.cell, "stdout", name+"="+value+"\n")
		}
	}
	return nil
}

func environmentNames() (names []string) {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// printHistory prints the sources of the session's cells in their order, the
// running one not included.
func printHistory(e *Engine, t *task, arg string) error {
	most := 0
	if arg != "" {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 {
			return fmt.Errorf("%%history: want how many cells, not %q", arg)
		}
		most = n
	}
	numbers, texts := e.sources.cells(), strings.Builder{}
	numbers = slices.DeleteFunc(numbers, func(n int) bool { return n == t.cell })
	if most > 0 {
		numbers = numbers[max(0, len(numbers)-most):]
	}
	for _, n := range numbers {
		name := cellPrefix + strconv.Itoa(n) + "]"
		fmt.Fprintf(&texts, "%s\n%s\n\n", name, indent(strings.TrimRight(e.sources.of(name), "\n")))
	}
	e.out.write(t.cell, "stdout", cmp.Or(texts.String(), "there are no cells yet\n"))
	return nil
}

// mostCounted is the largest number of a cell that is counted.
const mostCounted = 1_000_000

// cells lists the numbers of the cells that are counted, in order.
func (s *sources) cells() (numbers []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.text {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, cellPrefix), "]"))
		if err == nil && n <= mostCounted {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// listPackages prints the packages that cells can import.
func listPackages(e *Engine, t *task, _ string) error {
	e.out.write(t.cell, "stdout", e.session.choices()+"\n")
	return nil
}
