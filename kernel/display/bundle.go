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
	MIMEGIF      = "image/gif"
	MIMEPDF      = "application/pdf"
	MIMEJSON     = "application/json"
	MIMEMermaid  = "text/vnd.mermaid"
	MIMEVegaLite = "application/vnd.vegalite.v5+json"
	MIMEScript   = "application/javascript"
)

// Bundle is one value in several representations, richest shown first by the
// front end. Data maps a MIME type to a string (text; base64 for binary types)
// or to a JSON value. text/plain is always present in what Of returns.
type Bundle struct {
	Data     map[string]any
	Metadata map[string]any
	// Transient is what the front end must not keep in the notebook.
	Transient map[string]any
}

// Text returns the bundle's text/plain.
func (b Bundle) Text() string {
	s, _ := b.Data[MIMEText].(string)
	return s
}

// With returns a copy of b that also holds value under mime.
func (b Bundle) With(mime string, value any) Bundle {
	data := make(map[string]any, len(b.Data)+1)
	for k, v := range b.Data {
		data[k] = v
	}
	data[mime] = value
	b.Data = data
	return b
}

// WithText returns a copy of b whose text/plain is s.
func (b Bundle) WithText(s string) Bundle { return b.With(MIMEText, s) }
