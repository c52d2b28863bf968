package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a config file may hold. Beyond the size of the file, the other two keep reading fast: the parser's time grows
// with the square of what it nests and of the keys of one map.
const (
	maxFile    = 1 << 20  // bytes
	maxContent = 64 << 10 // bytes that are not comments or blank lines
	maxNested  = 2000     // marks that may open a level inside a line: [ { - ?
)

// document is one file, or one value of the environment, while it is read.
type document struct {
	source string // for errors
	data   []byte
	isFile bool // its lines can be shown
}

// open reads a file of at most maxFile bytes.
func open(path string) (*document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	return newFile(path, data), nil
}

func newFile(source string, data []byte) *document {
	return &document{source: source, data: bytes.TrimPrefix(data, []byte("\uFEFF")), isFile: true}
}

// root parses the document and returns its content, nil when it holds only comments.
func (d *document) root() (ast.Node, error) {
	if err := d.checkSize(); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(d.data, 0, parser.AllowDuplicateMapKey()) // record checks for duplicates, faster
	if err != nil {
		return nil, d.syntaxError(err)
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.DirectiveType:
		case root != nil:
			return nil, d.errorAt(doc.Body, "a second document begins here (after ---): a config file holds one", "")
		default:
			root = doc.Body
		}
	}
	return root, d.checkPlain(root)
}

func (d *document) checkSize() error {
	if len(d.data) > maxFile {
		return &Error{Source: d.source, Msg: "is larger than 1 MB: that is no config file"}
	}
	content, nested := 0, 0
	for line := range bytes.Lines(d.data) {
		if text := bytes.TrimSpace(line); len(text) > 0 && text[0] != '#' {
			content += len(line)
			nested += opening(text)
		}
	}
	if content > maxContent || nested > maxNested {
		return &Error{Source: d.source, Msg: fmt.Sprintf("holds more than %d KB besides comments, or more than %d brackets: that is no config file",
			maxContent>>10, maxNested)}
	}
	return nil
}

// opening counts what may open a level in a line, the first `- ` of a list aside.
func opening(line []byte) int {
	n := 0
	for _, mark := range []string{"[", "{", " - ", " ? "} {
		n += bytes.Count(line, []byte(mark))
	}
	return n
}

// checkPlain refuses what makes a file say less than it means. Aliases can also blow a small file up to any size.
func (d *document) checkPlain(root ast.Node) error {
	if root == nil {
		return nil
	}
	v := &plainCheck{}
	ast.Walk(v, root)
	if v.found == nil {
		return nil
	}
	return d.errorAt(v.found, v.msg, "")
}

// plainCheck is an ast.Visitor that remembers the first node which is not plain.
type plainCheck struct {
	found ast.Node
	msg   string
}

func (v *plainCheck) Visit(node ast.Node) ast.Visitor {
	if v.found != nil {
		return nil
	}
	switch node.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType:
		v.found, v.msg = node, "anchors, aliases and merges (&x, *x, <<) are not supported: write the value out"
	case ast.TagType:
		v.found, v.msg = node, "tags (!x) are not supported: write a plain value"
	case ast.MappingKeyType:
		v.found, v.msg = node, "keys written with ? are not supported: write key: value"
	}
	return v
}

// syntaxError is what the parser says, with its place.
func (d *document) syntaxError(err error) error {
	if y, ok := errors.AsType[yaml.Error](err); ok && y.GetToken() != nil {
		return d.errorAtToken(y.GetToken(), y.GetMessage(), "")
	}
	return &Error{Source: d.source, Msg: err.Error()}
}

func (d *document) errorAt(node ast.Node, msg, help string) error {
	return d.errorAtPlace(placeOf(node), msg, help)
}

func (d *document) errorAtToken(tk *token.Token, msg, help string) error {
	return d.errorAtPlace(place{tk.Position.Line, tk.Position.Column}, msg, help)
}

// place is a position in a document, both counted from 1.
type place struct{ line, column int }

// placeOf returns where a node begins. The token of a record that is not in braces is its first colon: its first key is meant.
func placeOf(node ast.Node) place {
	if m, ok := node.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		node = m.Values[0].Key
	}
	p := node.GetToken().Position
	return place{p.Line, p.Column}
}

func (d *document) errorAtPlace(p place, msg, help string) *Error {
	e := &Error{Source: d.source, Msg: msg, Help: help}
	if d.isFile {
		e.Line, e.Column, e.excerpt = p.line, p.column, excerptOf(d.data, p.line, p.column)
	}
	return e
}
