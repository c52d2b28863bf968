package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/printer"
	"github.com/goccy/go-yaml/token"
)

// What a file may hold, the same as the components' files. Beyond its size, the other two keep reading fast: the
// parser's time grows with the square of what it nests and of the keys of one map. (Package config has these limits too;
// plugins may not depend on it.)
const (
	maxConfig  = 1 << 20  // bytes
	maxContent = 64 << 10 // bytes that are not comments or blank lines
	maxNested  = 2000     // marks that may open a level inside a line: [ { - ?
)

// document is a YAML file: keys with values.
type document struct {
	path   string
	body   ast.Node      // nil when there is nothing in it
	values yaml.MapSlice // in the order of the file, since detection rules have an order
}

// readYAML reads a file with at most one YAML document. Mistakes are shown with their line.
func readYAML(path string) (*document, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := &document{path: path}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, d.explain(err)
	}
	if len(parsed.Docs) > 1 {
		return nil, fmt.Errorf("%s: %d YAML documents, want one", path, len(parsed.Docs))
	}
	if len(parsed.Docs) == 1 {
		d.body = parsed.Docs[0].Body
	}
	return d, d.decode()
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // the path is named already
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, err
	}
	return text, checkSize(text)
}

func checkSize(text []byte) error {
	if len(text) > maxConfig {
		return fmt.Errorf("larger than %d bytes: that is no config file", maxConfig)
	}
	content, nested := 0, 0
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		content += len(line)
		for _, mark := range []string{"[", "{", " - ", " ? "} {
			nested += bytes.Count(line, []byte(mark))
		}
	}
	if content > maxContent || nested > maxNested {
		return fmt.Errorf("holds more than %d KB besides comments, or more than %d brackets: that is no config file", maxContent>>10, maxNested)
	}
	return nil
}

// decode takes the values from the body.
func (d *document) decode() error {
	if d.body == nil || d.body.Type() == ast.NullType {
		return nil
	}
	if _, ok := d.body.(ast.MapNode); !ok {
		return d.errorAtToken(d.body.GetToken(), "want keys with values (key: value)")
	}
	ast.Walk(versionsAsWritten{}, d.body)
	if err := yaml.NodeToValue(d.body, &d.values, yaml.UseOrderedMap()); err != nil {
		return d.explain(err)
	}
	return nil
}

// has reports whether the file has a key, whatever its value.
func (d *document) has(key string) bool {
	return slices.ContainsFunc(d.values, func(item yaml.MapItem) bool { return item.Key == key })
}

// value is what a key is set to, nil when the file does not have it.
func (d *document) value(key string) any {
	for _, item := range d.values {
		if item.Key == key {
			return item.Value
		}
	}
	return nil
}

// text is a key's value when it must be text; it is empty when the file does not say.
func (d *document) text(key string) (string, error) {
	switch v := d.value(key).(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []any:
		return "", d.errorAt(key, key+": want text, not a list")
	case yaml.MapSlice:
		return "", d.errorAt(key, key+": want text, not a record (key: value)")
	default:
		return "", d.errorAt(key, fmt.Sprintf("%s: want text, not %v: put it in quotes", key, v))
	}
}

// only refuses every key but these.
func (d *document) only(allowed ...string) error {
	for _, item := range d.values {
		if key := fmt.Sprint(item.Key); !slices.Contains(allowed, key) {
			return d.errorAt(key, fmt.Sprintf("unknown key %q, allowed here: %s", key, strings.Join(allowed, ", ")))
		}
	}
	return nil
}

// errorAt shows the line of a key.
func (d *document) errorAt(key, msg string) error {
	if entries, ok := d.body.(ast.MapNode); ok {
		for it := entries.MapRange(); it.Next(); {
			if tk := it.Key().GetToken(); tk.Value == key {
				return d.errorAtToken(tk, msg)
			}
		}
	}
	return fmt.Errorf("%s: %s", d.path, msg)
}

// explain gives an error of the library the look of ours.
func (d *document) explain(err error) error {
	if y, ok := errors.AsType[yaml.Error](err); ok && y.GetToken() != nil {
		return d.errorAtToken(y.GetToken(), y.GetMessage())
	}
	return fmt.Errorf("%s: %w", d.path, err)
}

func (d *document) errorAtToken(tk *token.Token, msg string) error {
	var p printer.Printer
	return fmt.Errorf("%s:%d:%d: %s\n%s", d.path, tk.Position.Line, tk.Position.Column, msg, p.PrintErrorToken(tk, false))
}
