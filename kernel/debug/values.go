package debug

// Variable is one line of a view of values.
type Variable struct {
	Name         string `json:"name"`
	Value        string `json:"value"`
	Type         string `json:"type,omitempty"`
	EvaluateName string `json:"evaluateName,omitempty"` // a Go expression for it, where there is one
	Reference    int    `json:"variablesReference"`     // by which its children are asked for; 0: it has none
	Named        int    `json:"namedVariables,omitempty"`
	Indexed      int    `json:"indexedVariables,omitempty"`
}

// VariablesArguments ask for the children of a reference. Count 0 asks for all;
// Filter "indexed" or "named" for those of one kind.
type VariablesArguments struct {
	Reference int    `json:"variablesReference"`
	Filter    string `json:"filter,omitempty"`
	Start     int    `json:"start,omitempty"`
	Count     int    `json:"count,omitempty"`
}

// Variables is the body of inspectVariables and variables.
type Variables struct {
	Variables []Variable `json:"variables"`
}

// RichArguments ask how a variable shows itself (richInspectVariables).
type RichArguments struct {
	Name  string `json:"variableName"`
	Frame int    `json:"frameId,omitempty"` // 0: of the session
}

// Rich is the body of richInspectVariables: a MIME bundle.
type Rich struct {
	Data     map[string]any `json:"data"`
	Metadata map[string]any `json:"metadata"`
}

// Source names the text that a line belongs to.
type Source struct {
	Name string `json:"name,omitempty"`
	Path string `json:"path,omitempty"`
}

// SourceArguments ask for the text of a source.
type SourceArguments struct {
	Source Source `json:"source"`
}

// SourceBody is the body of source.
type SourceBody struct {
	Content  string `json:"content"`
	MIMEType string `json:"mimeType"`
}

// Thread is a goroutine of a cell.
type Thread struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// Threads is the body of threads.
type Threads struct {
	Threads []Thread `json:"threads"`
}

// ThreadArguments name the thread that a request is about.
type ThreadArguments struct {
	Thread int `json:"threadId"`
	Start  int `json:"startFrame,omitempty"`
	Levels int `json:"levels,omitempty"` // 0: all
}

// StackFrame is one call, stopped at a line.
type StackFrame struct {
	ID     int     `json:"id"`
	Name   string  `json:"name"`
	Source *Source `json:"source,omitempty"`
	Line   int     `json:"line"`
	Column int     `json:"column"`
}

// StackTrace is the body of stackTrace, the innermost call first.
type StackTrace struct {
	Frames []StackFrame `json:"stackFrames"`
	Total  int          `json:"totalFrames"`
}

// ScopeArguments ask for the variables that a frame can see.
type ScopeArguments struct {
	Frame int `json:"frameId"`
}

// Scope is a group of variables.
type Scope struct {
	Name      string `json:"name"`
	Reference int    `json:"variablesReference"`
	Named     int    `json:"namedVariables,omitempty"`
	Expensive bool   `json:"expensive"`
}

// Scopes is the body of scopes.
type Scopes struct {
	Scopes []Scope `json:"scopes"`
}

// EvaluateArguments ask for the value of an expression, or for the effect of a
// statement. Frame 0 is the session.
type EvaluateArguments struct {
	Expression string `json:"expression"`
	Frame      int    `json:"frameId,omitempty"`
	Context    string `json:"context,omitempty"`
}

// Evaluation is the body of evaluate.
type Evaluation struct {
	Result    string `json:"result"`
	Type      string `json:"type,omitempty"`
	Reference int    `json:"variablesReference"`
	Named     int    `json:"namedVariables,omitempty"`
	Indexed   int    `json:"indexedVariables,omitempty"`
}

// SetVariableArguments give the part called Name of a reference a value, which is
// a Go expression.
type SetVariableArguments struct {
	Reference int    `json:"variablesReference"`
	Name      string `json:"name"`
	Value     string `json:"value"`
}

// SetVariable is the body of setVariable.
type SetVariable struct {
	Value     string `json:"value"`
	Type      string `json:"type,omitempty"`
	Reference int    `json:"variablesReference"`
}

// CopyArguments ask to make a frame's variable one of the session
// (copyToGlobals).
type CopyArguments struct {
	From  string `json:"srcVariableName"`
	To    string `json:"dstVariableName"`
	Frame int    `json:"srcFrameId"`
}

// AttachArguments tell a target how sources get their paths.
type AttachArguments struct {
	Prefix string `json:"prefix"`
	Suffix string `json:"suffix"`
}

// Breakpoint is one breakpoint as it was set. One that is not Verified says why.
type Breakpoint struct {
	ID       int     `json:"id,omitempty"`
	Verified bool    `json:"verified"`
	Line     int     `json:"line"`
	Message  string  `json:"message,omitempty"`
	Source   *Source `json:"source,omitempty"`
}

// SourceBreakpoint is one breakpoint as a front end wants it.
type SourceBreakpoint struct {
	Line      int    `json:"line"`
	Condition string `json:"condition,omitempty"`
}

// BreakpointsArguments set all breakpoints of one source. Text is its content; the
// session puts it in, for an engine that has not run it yet.
type BreakpointsArguments struct {
	Source      Source             `json:"source"`
	Breakpoints []SourceBreakpoint `json:"breakpoints"`
	Text        string             `json:"text,omitempty"`
}

// Breakpoints is the body of setBreakpoints.
type Breakpoints struct {
	Breakpoints []Breakpoint `json:"breakpoints"`
}

// Capabilities is the body of initialize, as far as this debugger has any.
type Capabilities struct {
	ConfigurationDone bool              `json:"supportsConfigurationDoneRequest"`
	EvaluateForHovers bool              `json:"supportsEvaluateForHovers"`
	Modules           bool              `json:"supportsModulesRequest"`
	Terminate         bool              `json:"supportsTerminateRequest"`
	SetVariable       bool              `json:"supportsSetVariable"`
	Conditions        bool              `json:"supportsConditionalBreakpoints"`
	ExceptionFilters  []ExceptionFilter `json:"exceptionBreakpointFilters"`
}

// ExceptionFilter is a kind of failure that a program can be stopped at.
type ExceptionFilter struct {
	Filter string `json:"filter"`
	Label  string `json:"label"`
}

// Info is the body of debugInfo, Jupyter's own request: how sources get their
// paths, and what a front end that connects late has to know.
type Info struct {
	Started        bool              `json:"isStarted"`
	HashMethod     string            `json:"hashMethod"`
	HashSeed       uint32            `json:"hashSeed"`
	Prefix         string            `json:"tmpFilePrefix"`
	Suffix         string            `json:"tmpFileSuffix"`
	Breakpoints    []InfoBreakpoints `json:"breakpoints"`
	Stopped        []int             `json:"stoppedThreads"`
	Rich           bool              `json:"richRendering"`
	ExceptionPaths []string          `json:"exceptionPaths"`
	CopyToGlobals  bool              `json:"copyToGlobals"`
}

// InfoBreakpoints are the breakpoints of one source.
type InfoBreakpoints struct {
	Source      string             `json:"source"`
	Breakpoints []SourceBreakpoint `json:"breakpoints"`
}
