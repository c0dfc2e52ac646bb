package notebooks

import (
	"encoding/json"
	"strconv"
	"strings"
)

// shape checks the part of metadata that the published schema describes. Fields
// that it does not describe may be anything.
type shape func(path string, v any) *Error

func want(what string, path string, v any) *Error {
	return errAt(path, "is %s; want %s", kindOf(v), what)
}

func isString(path string, v any) *Error {
	if _, ok := v.(string); !ok {
		return want("a string", path, v)
	}
	return nil
}

func isBool(path string, v any) *Error {
	if _, ok := v.(bool); !ok {
		return want("true or false", path, v)
	}
	return nil
}

// fields checks an object: required names and the shapes of known ones.
func fields(known map[string]shape, required ...string) shape {
	return func(path string, v any) *Error {
		obj, ok := asObject(v)
		if !ok {
			return want("an object", path, v)
		}
		for _, r := range required {
			if _, ok := obj[r]; !ok {
				return errAt(path, "field %q is missing", r)
			}
		}
		for _, k := range sortedKeys(known) {
			if f, ok := obj[k]; ok {
				if err := known[k](join(path, k), f); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func isArray(path string, v any) *Error {
	if _, ok := v.([]any); !ok {
		return want("an array", path, v)
	}
	return nil
}

func isTags(path string, v any) *Error {
	list, ok := v.([]any)
	if !ok {
		return want("an array of strings", path, v)
	}
	seen := map[string]bool{}
	for i, t := range list {
		s, ok := t.(string)
		switch {
		case !ok:
			return want("a string", item(path, i), t)
		case s == "" || strings.Contains(s, ","):
			return errAt(item(path, i), "tag %q must not be empty or hold a comma", s)
		case seen[s]:
			return errAt(item(path, i), "tag %q stands twice", s)
		}
		seen[s] = true
	}
	return nil
}

func isCellName(path string, v any) *Error {
	s, ok := v.(string)
	if !ok {
		return want("a string", path, v)
	}
	if s == "" || strings.Contains(s, "\n") {
		return errAt(path, "must be one line that is not empty")
	}
	return nil
}

func isScrolled(path string, v any) *Error {
	if _, ok := v.(bool); !ok && v != "auto" {
		return want(`true, false or "auto"`, path, v)
	}
	return nil
}

func isStringOrObject(path string, v any) *Error {
	if _, ok := asObject(v); ok {
		return nil
	}
	if _, ok := v.(string); !ok {
		return want("a string or an object", path, v)
	}
	return nil
}

func isStrings(path string, v any) *Error {
	obj, ok := asObject(v)
	if !ok {
		return want("an object of strings", path, v)
	}
	for _, k := range sortedKeys(obj) {
		if err := isString(join(path, strconv.Quote(k)), obj[k]); err != nil {
			return err
		}
	}
	return nil
}

var (
	anyObject = fields(nil)

	notebookMetadata = fields(map[string]shape{
		"kernelspec": fields(map[string]shape{"name": isString, "display_name": isString}, "name", "display_name"),
		"language_info": fields(map[string]shape{
			"name": isString, "codemirror_mode": isStringOrObject, "file_extension": isString,
			"mimetype": isString, "pygments_lexer": isString,
		}, "name"),
		"title":   isString,
		"authors": isArray,
	})

	cellMetadata = map[CellType]shape{
		Raw:      fields(map[string]shape{"format": isString, "jupyter": anyObject, "name": isCellName, "tags": isTags}),
		Markdown: fields(map[string]shape{"jupyter": anyObject, "name": isCellName, "tags": isTags}),
		Code: fields(map[string]shape{
			"jupyter": anyObject, "execution": isStrings, "collapsed": isBool, "scrolled": isScrolled,
			"name": isCellName, "tags": isTags,
		}),
	}
)

func asObject(v any) (map[string]any, bool) {
	switch o := v.(type) {
	case map[string]any:
		return o, true
	case Object:
		return o, true
	}
	return nil, false
}

// count reads an execution count: null or an integer from 0.
func count(path string, v any) (*int, *Error) {
	if v == nil {
		return nil, nil
	}
	if num, ok := v.(json.Number); ok {
		if n, err := strconv.Atoi(num.String()); err == nil && n >= 0 {
			return &n, nil
		}
	}
	return nil, errAt(path, "must be null or an integer from 0")
}
