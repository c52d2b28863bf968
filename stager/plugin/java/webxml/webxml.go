// Package webxml edits the deployment descriptor of a Java web application, WEB-INF/web.xml, and leaves everything in it that
// was not to change as it was, to the byte: comments, white space, quotes, namespaces, the DOCTYPE.
//
// In goes the text of the file ([Parse]); elements are looked up in it and added, moved and removed; out comes the new
// text ([Document.Bytes]). The library that reads XML here knows nothing of DTDs, and is told to leave entities that it does
// not know: none is expanded, and nothing is fetched, whatever the DOCTYPE says.
//
// In 2012 this was Nokogiri, a binding of libxml2, with XPath expressions.
package webxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth is how deep elements may be nested. The deepest that a descriptor needs is six.
const maxDepth = 200

// Names is how elements are looked up.
type Names int

const (
	// Lenient looks at local names alone: <filter>, <jee:filter> and <filter xmlns="…"> are all "filter".
	Lenient Names = iota
	// AsIn2012 finds what XPath found then: elements of the root's own namespace, and none at all when the root has
	// a prefix (bug Q20).
	AsIn2012
)

// Document is a descriptor. It is not for several goroutines.
type Document struct {
	charset charset
	names   Names
	nodes   []node // the root, and what stands before and behind it
	root    *Element
}

// Parse reads a descriptor. The errors are for its author to read: it is not well-formed, or in an encoding that is not
// known here (UTF-8, UTF-16, and those that are ASCII with something else above it).
func Parse(text []byte, names Names) (*Document, error) {
	content, cs, err := decode(text)
	if err != nil {
		return nil, err
	}
	p := &parser{doc: &Document{charset: cs, names: names}, content: content}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p.doc, nil
}

// Root is the outermost element.
func (d *Document) Root() *Element { return d.root }

// Bytes is the text, in the encoding in which it came.
func (d *Document) Bytes() ([]byte, error) {
	var b strings.Builder
	write(&b, d.nodes)
	return d.charset.encode(b.String())
}

// New makes an element that can be added to the document, with text in it.
func (d *Document) New(name, text string) *Element {
	if prefix := d.root.prefix(); prefix != "" && d.names == Lenient {
		name = prefix + ":" + name
	}
	e := &Element{doc: d, name: name, start: "<" + name + ">", end: "</" + name + ">"}
	if text != "" {
		e.AppendText(text)
	}
	return e
}

// parser builds the tree.
type parser struct {
	doc     *Document
	content []byte
	open    []*Element // the element that is being read, and those that it is in
}

func (p *parser) parse() error {
	dec := xml.NewDecoder(bytes.NewReader(p.content))
	dec.Strict = false                                                                   // an entity that it does not know stays in the text
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // decode has been here
	for {
		from := dec.InputOffset()
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.take(token, string(p.content[from:dec.InputOffset()]))
		}
		if err != nil {
			line, _ := dec.InputPos()
			return atLine(line, err)
		}
	}
	switch {
	case len(p.open) > 0:
		return fmt.Errorf("<%s> is not closed", p.open[len(p.open)-1].name)
	case p.doc.root == nil:
		return errors.New("there is no element in it")
	}
	return nil
}

// atLine says where, if the library does not.
func atLine(line int, err error) error {
	if _, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return errors.New(strings.TrimPrefix(err.Error(), "XML syntax error on "))
	}
	return fmt.Errorf("line %d: %w", line, err)
}

// take adds what one token says. raw is how it is written; that of the end which <a/> has, too, is empty.
func (p *parser) take(token xml.Token, raw string) error {
	switch t := token.(type) {
	case xml.StartElement:
		return p.start(t, raw)
	case xml.EndElement:
		return p.end(raw)
	case xml.CharData:
		if len(p.open) == 0 && strings.TrimSpace(strings.TrimPrefix(raw, byteOrderMark)) != "" {
			return errors.New("there is text outside of the elements")
		}
		p.add(node{raw: raw, text: string(t)})
	default: // a comment, a DOCTYPE, <?xml …?>
		p.add(node{raw: raw})
	}
	return nil
}

func (p *parser) start(t xml.StartElement, raw string) error {
	e := &Element{doc: p.doc, name: tagName(raw), start: raw, spaces: declared(t.Attr)}
	switch {
	case len(p.open) == maxDepth:
		return fmt.Errorf("elements are nested more than %d deep", maxDepth)
	case len(p.open) > 0:
		e.parent = p.open[len(p.open)-1]
	case p.doc.root != nil:
		return fmt.Errorf("<%s> stands behind the end of the document", e.name)
	default:
		p.doc.root = e
	}
	p.add(node{element: e})
	p.open = append(p.open, e)
	return nil
}

func (p *parser) end(raw string) error {
	if len(p.open) == 0 {
		return fmt.Errorf("%s closes nothing", raw)
	}
	e := p.open[len(p.open)-1]
	if raw != "" && tagName(raw[1:]) != e.name {
		return fmt.Errorf("<%s> is closed by %s", e.name, raw)
	}
	e.end = raw
	p.open = p.open[:len(p.open)-1]
	return nil
}

func (p *parser) add(n node) {
	if len(p.open) == 0 {
		p.doc.nodes = append(p.doc.nodes, n)
		return
	}
	e := p.open[len(p.open)-1]
	e.nodes = append(e.nodes, n)
}

// tagName is what follows the first character of a tag.
func tagName(raw string) string {
	rest := raw[1:]
	if i := strings.IndexAny(rest, " \t\r\n/>"); i >= 0 {
		return rest[:i]
	}
	return rest
}

// declared are the namespaces of a start tag by prefix; that of elements without a prefix stands under "".
func declared(attrs []xml.Attr) map[string]string {
	var spaces map[string]string
	for _, a := range attrs {
		prefix := a.Name.Local
		switch {
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			prefix = ""
		case a.Name.Space != "xmlns":
			continue
		}
		if spaces == nil {
			spaces = map[string]string{}
		}
		spaces[prefix] = a.Value
	}
	return spaces
}
