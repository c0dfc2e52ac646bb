package display

// MIME types that JupyterLab shows.
const (
	MIMEText     = "text/plain"
	MIMEHTML     = "text/html"
	MIMEMarkdown = "text/markdown"
	MIMELatex    = "text/latex"
	MIMESVG      = "image/svg+xml"
	MIMEPNG      = "image/png"
	MIMEJPEG     = "image/jpeg"
	MIMEJSON     = "application/json"
	MIMEMermaid  = "text/vnd.mermaid"
	MIMEVegaLite = "application/vnd.vegalite.v5+json"
)

// Bundle is one value in several representations, richest shown first by the
// front end. Data maps a MIME type to a string (text; base64 for binary types)
// or to a JSON value. text/plain is always present in what Of returns.
type Bundle struct {
	Data     map[string]any
	Metadata map[string]any
}
