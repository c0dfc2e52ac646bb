package display

import "os"

// The names under which gophernotes has the same things.
const (
	MIMETypeHTML       = MIMEHTML
	MIMETypeJavaScript = MIMEScript
	MIMETypeJPEG       = MIMEJPEG
	MIMETypeJSON       = MIMEJSON
	MIMETypeLatex      = MIMELatex
	MIMETypeMarkdown   = MIMEMarkdown
	MIMETypePNG        = MIMEPNG
	MIMETypePDF        = MIMEPDF
	MIMETypeSVG        = MIMESVG
	MIMETypeText       = MIMEText
)

// MIMEMap maps a MIME type to the value shown.
type MIMEMap = map[string]any

// Data is gophernotes' name of a Bundle.
type Data = Bundle

// MIME makes a bundle of ready-made data and metadata.
func MIME(data, metadata MIMEMap) Bundle {
	return encodeBinary(Bundle{Data: data, Metadata: metadata})
}

// MakeData makes a bundle of one MIME type and its text.
func MakeData(mime string, data any) Bundle { return Any(mime, data) }

// MakeData3 makes a bundle of one MIME type beside the given text.
func MakeData3(mime, text string, data any) Bundle {
	return encodeBinary(Bundle{Data: MIMEMap{MIMEText: text, mime: data}})
}

// Any wraps data as the given MIME type; with mime empty it is Of.
func Any(mime string, data any) Bundle {
	if mime == "" {
		return Of(data)
	}
	return encodeBinary(Bundle{Data: MIMEMap{MIMEText: placeholder(mime, data), mime: data}})
}

// Auto is Of.
func Auto(data any) Bundle { return Of(data) }

// File shows a file's content as the given MIME type. It panics where the file
// cannot be read, which a cell reports as its error.
func File(mime, path string) Bundle {
	content, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	if mime == "" {
		return sniffed(content)
	}
	return Any(mime, content)
}

// Display shows v at once. The error is always nil.
func Display(v any) error {
	Show(v)
	return nil
}
