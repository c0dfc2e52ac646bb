package wire

import (
	"encoding/json"
)

// Message types, by the socket on which they travel.
const (
	// shell
	ExecuteRequest    = "execute_request"
	InspectRequest    = "inspect_request"
	CompleteRequest   = "complete_request"
	HistoryRequest    = "history_request"
	IsCompleteRequest = "is_complete_request"
	CommInfoRequest   = "comm_info_request"
	KernelInfoRequest = "kernel_info_request"
	CommOpen          = "comm_open"
	CommMsg           = "comm_msg"
	CommClose         = "comm_close"
	// control
	ShutdownRequest       = "shutdown_request"
	InterruptRequest      = "interrupt_request"
	DebugRequest          = "debug_request"
	CreateSubshellRequest = "create_subshell_request"
	DeleteSubshellRequest = "delete_subshell_request"
	ListSubshellRequest   = "list_subshell_request"
	UsageRequest          = "usage_request"
	// stdin
	InputRequest = "input_request"
	InputReply   = "input_reply"
	// iopub
	StatusMsg         = "status"
	ExecuteInput      = "execute_input"
	StreamMsg         = "stream"
	DisplayData       = "display_data"
	UpdateDisplayData = "update_display_data"
	ExecuteResult     = "execute_result"
	ErrorMsg          = "error"
	ClearOutput       = "clear_output"
	ShutdownReply     = "shutdown_reply"
	IOPubWelcome      = "iopub_welcome"
	DebugEvent        = "debug_event"
)

// Execution states, content of StatusMsg.
const (
	Busy     = "busy"
	Idle     = "idle"
	Starting = "starting"
)

// Execute is the content of an execute_request.
type Execute struct {
	Code            string            `json:"code"`
	Silent          bool              `json:"silent"`
	StoreHistory    *bool             `json:"store_history"` // default: not Silent
	UserExpressions map[string]string `json:"user_expressions"`
	AllowStdin      *bool             `json:"allow_stdin"`   // default true
	StopOnError     *bool             `json:"stop_on_error"` // default true
}

// ExecuteReply ends an execution. Status is "ok", "error" or "aborted".
type ExecuteReply struct {
	Status          string                    `json:"status"`
	ExecutionCount  int                       `json:"execution_count"`
	UserExpressions map[string]map[string]any `json:"user_expressions,omitzero"`
	Payload         []map[string]any          `json:"payload,omitzero"`
	*Error
}

// Error names a failure; it is the content of an error message and part of
// each reply with status "error".
type Error struct {
	Name      string   `json:"ename"`
	Value     string   `json:"evalue"`
	Traceback []string `json:"traceback"`
}

// ErrorReply is a reply to any request that could not be served.
type ErrorReply struct {
	Status string `json:"status"`
	*Error
}

// Position is the part of complete_request and inspect_request that they share.
// Cursor counts Unicode code points; nil means the end of the code.
type Position struct {
	Code        string `json:"code"`
	Cursor      *int   `json:"cursor_pos"`
	DetailLevel int    `json:"detail_level"`
}

// Offset returns the cursor as a byte offset into the code.
func (p Position) Offset() int {
	if p.Cursor == nil {
		return len(p.Code)
	}
	left := *p.Cursor
	for i := range p.Code {
		if left <= 0 {
			return i
		}
		left--
	}
	return len(p.Code)
}

// History is the content of a history_request.
type History struct {
	Output  bool   `json:"output"`
	Raw     bool   `json:"raw"`
	Access  string `json:"hist_access_type"` // "range", "tail" or "search"
	Session int    `json:"session"`
	Start   int    `json:"start"`
	Stop    *int   `json:"stop"`
	N       *int   `json:"n"`
	Pattern string `json:"pattern"`
	Unique  bool   `json:"unique"`
}

// Comm is the content of comm_open, comm_msg and comm_close.
type Comm struct {
	ID     string          `json:"comm_id"`
	Target string          `json:"target_name,omitempty"`
	Data   json.RawMessage `json:"data"`
}

// Input is the content of an input_request.
type Input struct {
	Prompt   string `json:"prompt"`
	Password bool   `json:"password"`
}

// DisplayContent is the content of display_data, update_display_data and, with
// a count, execute_result.
type DisplayContent struct {
	Data           map[string]any `json:"data"`
	Metadata       map[string]any `json:"metadata"`
	Transient      map[string]any `json:"transient,omitzero"`
	ExecutionCount int            `json:"execution_count,omitempty"`
}

// LanguageInfo tells a front end how to treat the kernel's language.
type LanguageInfo struct {
	Name           string `json:"name"`
	Version        string `json:"version"`
	MIMEType       string `json:"mimetype"`
	FileExtension  string `json:"file_extension"`
	PygmentsLexer  string `json:"pygments_lexer"`
	CodeMirrorMode string `json:"codemirror_mode"`
	NBConvert      string `json:"nbconvert_exporter,omitempty"`
}

// Link is one entry of the front end's help menu.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// KernelInfo is the content of a kernel_info_reply.
type KernelInfo struct {
	Status                string       `json:"status"`
	ProtocolVersion       string       `json:"protocol_version"`
	Implementation        string       `json:"implementation"`
	ImplementationVersion string       `json:"implementation_version"`
	LanguageInfo          LanguageInfo `json:"language_info"`
	Banner                string       `json:"banner"`
	Debugger              bool         `json:"debugger"`
	HelpLinks             []Link       `json:"help_links"`
	SupportedFeatures     []string     `json:"supported_features"`
}
